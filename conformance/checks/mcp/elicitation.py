"""MCP, continued: what a server asks a client's user, and whose answer it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from conformance.channels.http.asking import answer_to, questions_of
from conformance.checks.mcp._askers import (
    NO,
    askers,
    by_result,
    declined,
    in_sessions,
    session_askers,
)
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.text.disguised import shows
from conformance.text.sensitive import lets_in, personal_in, secret_in_form
from conformance.verdicts import NotApplicableError, NotAssessedError, establish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.asked_in_sessions import SessionAsker
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys
    from conformance.profile.sections import AskingTool

    Question = dict[str, Any]


def asked(wire: Wire, discovery: Discovery, key: str) -> Iterator[tuple[AskingTool, Question]]:
    """Yield what each tool asks, and answer no to it where that must be answered.

    Who asks in both eras is asked in the newer.
    """
    newer = by_result(wire, discovery, key)
    for asker in newer:
        for question in questions_of(asker.ask(key).answer).values():
            yield asker.tool, params_of(question)
    names = {asker.tool.name for asker in newer}
    for one in in_sessions(wire, discovery, key):
        if one.tool.name not in names:
            for question in declined(one, key):
                yield one.tool, params_of(question)


def params_of(question: Question) -> Question:
    """Return what a question says."""
    found: Any = question.get("params")
    return cast("Question", found) if isinstance(found, dict) else {}


@requirement("MCP-27")
def test_no_form_asks_for_a_secret(wire: Wire, keys: Keys, discovery: Discovery) -> None:
    """What is filled in passes through the client, and the model may read it."""
    forms = 0
    for tool, question in asked(wire, discovery, keys.a.active):
        if "url" in question:
            continue
        forms += 1
        schema: Any = question.get("requestedSchema")
        told = secret_in_form(
            cast("Question", schema) if isinstance(schema, dict) else {},
            str(question.get("message") or ""),
        )
        assert told is None, f"a form of {tool.name} asks for a secret: {told}"
    if not forms:
        raise NotApplicableError("the target asks by links alone")


@requirement("MCP-27")
def test_a_link_lets_nobody_in_and_tells_of_nobody(
    wire: Wire, keys: Keys, discovery: Discovery
) -> None:
    """A link is shown, logged and passed on: whoever opens it must still prove who he is."""
    links = 0
    for tenant in (keys.a, keys.b):
        for tool, question in asked(wire, discovery, tenant.active):
            if "url" not in question:
                continue
            links += 1
            url = str(question["url"])
            assert not shows(tenant.active, url), f"a link of {tool.name} holds its caller's key"
            told = lets_in(url)
            assert told is None, f"a link of {tool.name} lets in whoever follows it, by {told}"
            told = personal_in(url)
            assert told is None, f"a link of {tool.name} tells of its user: {told}"
            canary = tenant.tenant.canary
            assert not (canary and shows(canary, url)), f"a link of {tool.name} holds data"
    if not links:
        raise NotApplicableError("the target asks by forms alone")


@requirement("MCP-27")
def test_nobody_else_answers_a_question(wire: Wire, keys: Keys, discovery: Discovery) -> None:
    """The owner's answer is taken, and the other's to a question of its own; to another, none."""
    judged = 0
    for asker in askers(wire, discovery, keys.a.active):
        question = asker.ask(keys.a.active)
        if not question.has_state:
            continue
        judged += 1
        if asker.tool.answer is None:
            raise NotAssessedError(_AGREE, Channel.ASKING_TOOL)
        asker.take(keys.a.active)
        asker.take(keys.b.active)
        answer = asker.reply(keys.b.active, question)
        assert not asker.took(answer, question), (
            f"{asker.tool.name} took the other tenant's answer to a question: {answer}"
        )
    if not judged:
        raise NotApplicableError("the target's tools ask whoever calls, and know of no one")


_AGREE = "supply the profile's [tools.asking] answer: what is filled in to agree"


@requirement("MCP-27")
def test_nobody_else_answers_a_question_of_a_session(
    wire: Wire, keys: Keys, discovery: Discovery
) -> None:
    """The other tenant agrees, in its own session and in the owner's; then the owner declines.

    What the tool then does shows whose answer it took.
    """
    for asker in session_askers(wire, discovery, keys.a.active):
        if asker.tool.answer is None:
            raise NotAssessedError(_AGREE, Channel.ASKING_TOOL)
        owner, other = keys.a.active, keys.b.active
        mine, others = asker.open(owner), asker.open(other)
        agreed = outcome(asker, owner, mine, agrees=True)
        declined = outcome(asker, owner, mine, agrees=False)
        establish(
            said(agreed) != said(declined),
            f"{asker.tool.name} tells a yes from a no ({agreed}, {declined})",
        )
        for where, session in (("its own session", others), ("the owner's", mine)):
            ended = outcome(asker, owner, mine, agrees=False, intruder=(other, session))
            assert said(ended) != said(agreed), (
                f"{asker.tool.name} took the other tenant's answer, posted in {where}: "
                f"{said(ended)!r}"
            )
            establish(
                said(ended) == said(declined),
                f"{asker.tool.name} answers a no alike each time (got {ended})",
            )


def said(answer: Answer) -> str:
    """Return what a tool's result says."""
    return answer.tool_text


def outcome(
    asker: SessionAsker,
    key: str,
    session: str,
    *,
    agrees: bool,
    intruder: tuple[str, str] | None = None,
) -> Answer:
    """Return what becomes of a call whose owner answers, after an intruder, if any, has agreed."""
    heard: list[Question] = []

    def react(question: Question) -> None:
        heard.append(question)
        yes = answer_to(question, asker.tool)
        if intruder is not None:
            asker.answer(*intruder, question, yes)
        asker.answer(key, session, question, yes if agrees else NO)

    answer = asker.call(key, session, react)
    establish(heard, f"{asker.tool.name} asks before it acts (got {answer})")
    establish(bool(answer.result), f"{asker.tool.name} ends once it was answered (got {answer})")
    return answer
