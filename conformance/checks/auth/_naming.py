"""Asks tools as one tenant, by its key, while something else in the request names another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.channels.http.own import ids_listed
from conformance.channels.http.results import is_tenant, tenant_of
from conformance.channels.http.stranger import claiming
from conformance.forge.requests import STATELESS, opening, rpc, tool_call
from conformance.model import Channel
from conformance.text.disguised import shows
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.stranger import Claim
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import TenantKeys
    from conformance.forge.naming import Place
    from conformance.profile.target import Target

SINGLY = 12
"""Names that are tried one by one: where all of them at once are refused, or moved the call."""
_BRIEFLY = 2
"""Calls by which a single name is tried."""


@dataclass(frozen=True)
class Question:
    """A call whose answer tells whose it is.

    ``good`` are arguments by which the caller gets its own, and ``asked`` those by which the other
    tenant does: the same, but where an object is asked for by its id. ``tells`` says what of the
    other tenant an answer shows.
    """

    tool: str
    good: Mapping[str, Any]
    asked: Mapping[str, Any]
    tells: Callable[[Answer], str]


class Caller:
    """Calls tools as ``own``, and looks in the answers for what is the other tenant's.

    Nothing that is sent holds the other's canary, and an id that is merely repeated stands in
    another field than that in which the target tells whose call it was.
    """

    def __init__(self, line: Wire, own: TenantKeys, other: TenantKeys) -> None:
        self._line, self._own, self._other = line, own, other
        self._session: str | None = None
        self.questions: list[Question] = []

    def establish(self) -> None:
        """Find the calls that tell the tenants apart where nothing names one beside the key."""
        _, self._session = self._opened(claiming())
        self.questions = list(self._telling())
        target = self._line.target
        if not self.questions and not (tenant_of(target) or self._other.tenant.canary):
            raise NotAssessedError(
                "no result tells whose it is: name [fields.results] tenant, or canaries",
                Channel.CANARIES,
            )
        establish(self.questions, "a tool's answer tells which of the tenants called it")

    def moved_by(self, place: Place) -> str:
        """Tell by which name, in a place of the whole request, the other's was shown, if by any."""
        is_refused, shown = False, ""
        for question, answer in self._at_length(place.naming()):
            is_refused = is_refused or not answer.succeeded
            shown = shown or _told(question, answer)
        if not (is_refused or shown):
            return ""
        briefly = self.questions[:_BRIEFLY]
        return self._by_one_name(place, briefly, shown)

    def moved_by_argument(self, place: Place) -> str:
        """Tell by which undeclared argument, of which tool, the other's was shown, if by any."""
        for question in self.questions:
            answer = self._call(question, question.asked, place.naming())
            shown = _told(question, answer)
            control = answer
            if question.good != question.asked:
                control = self._call(question, question.good, place.naming())
            if control.succeeded and not shown:
                continue
            if told := self._by_one_name(place, [question], shown):
                return f"{question.tool}: {told}"
        return ""

    def _by_one_name(self, place: Place, questions: list[Question], shown: str) -> str:
        for name in place.names[:SINGLY]:
            for question in questions:
                answer = self._call(question, question.asked, place.naming(name))
                if told := _told(question, answer):
                    return f"{name} in {place.what}: {told}"
        return shown and f"several names in {place.what}: {shown}"

    def _at_length(self, claim: Claim) -> Iterator[tuple[Question, Answer]]:
        """Call with a claim, in a session opened without it and in one opened with it."""
        for question in self.questions:
            answer = self._call(question, question.asked, claim)
            # What the other's object is not found by is no refusal of the claim.
            if question.good == question.asked or _told(question, answer):
                yield question, answer
        if self._line.revision == STATELESS:
            return
        opened, session = self._opened(claim)
        if not opened.succeeded:
            return
        for question in self.questions[:_BRIEFLY]:
            yield question, self._call(question, question.asked, claim, session)
        first = self.questions[0]
        yield first, self._call(first, first.asked, claiming(), session)

    def _opened(self, claim: Claim) -> tuple[Answer, str | None]:
        """Open a conversation with a claim; return the answer, and the session if it has one."""
        revision, key = self._line.revision, self._own.active
        opened = self._line.send(claim(opening(revision)), key=key)
        session = opened.header("mcp-session-id")
        if opened.succeeded and revision != STATELESS:
            ready = "notifications/initialized"
            told = rpc(ready, revision=revision, session=session, message_id=None)
            self._line.send(claim(told), key=key)
        return opened, session

    def _call(
        self,
        question: Question,
        arguments: Mapping[str, Any],
        claim: Claim,
        session: str | None = None,
    ) -> Answer:
        request = tool_call(
            question.tool,
            dict(arguments),
            revision=self._line.revision,
            session=session or self._session,
            message_id=self._line.message_id(self._own.active),
        )
        return self._line.send(claim(request), key=self._own.active)

    def _telling(self) -> Iterator[Question]:
        """Yield the calls that show the other tenant its own, and the caller nothing of it."""
        for question in self._candidates():
            others = self._line.call_tool(
                question.tool, dict(question.asked), key=self._other.active
            )
            if not question.tells(others):
                continue
            plain = self._call(question, question.asked, claiming())
            told = question.tells(plain)
            establish(not told, f"without another's name {question.tool} shows only the caller's")
            if question.good != question.asked:
                plain = self._call(question, question.good, claiming())
            if plain.succeeded:
                yield question

    def _candidates(self) -> Iterator[Question]:
        tools = self._line.target.tools
        if tools.ping:
            yield Question(tools.ping, {}, {}, self._tenant_in)
        if tools.tenant_data:
            yield Question(tools.tenant_data, {}, {}, self._canary_in)
        for tool in tools.by_id:
            tenants = (self._own, self._other)
            ids = [ids_listed(self._line, tool, tenant.active) for tenant in tenants]
            if all(ids) and ids[0][0] != ids[1][0]:
                own, others = (tool.of(found[0]) for found in ids)
                yield Question(tool.name, own, others, self._object_in)
        if (validated := tools.validated) is not None:
            arguments = validated.arguments
            yield Question(validated.name, arguments, arguments, self._canary_in)

    def _canary_in(self, answer: Answer) -> str:
        canary = self._other.tenant.canary
        return "the other's canary" if canary and shows(canary, answer.text) else ""

    def _tenant_in(self, answer: Answer) -> str:
        if answer.succeeded and is_tenant(answer, self._line.target, self._other.tenant_id):
            return f"the tenant {self._other.tenant_id}"
        return self._canary_in(answer)

    def _object_in(self, answer: Answer) -> str:
        return "the other's object" if answer.succeeded else self._canary_in(answer)


def _told(question: Question, answer: Answer) -> str:
    told = question.tells(answer)
    return f"{question.tool} showed {told}: {answer}" if told else ""


def own_words(target: Target) -> tuple[str, ...]:
    """Return what the target calls a tenant: in results, to administrators, in its tables."""
    app_sql = target.channels.app_sql
    places = [tenant_of(target) or "", target.fields.admin.tenant]
    found = [step for place in places for step in reversed(place.split(".")) if step]
    return (*found, *([app_sql.tenant_column] if app_sql else []))
