"""MCP, continued: what a server says of itself to a model, a person can read, and it stays so."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from conformance.analysis.hidden_markup import hidden_markup
from conformance.analysis.hidden_text import hidden_characters
from conformance.channels.http.lists import entries_of, objects, takes_nothing
from conformance.checks.mcp._common import Conversation, eras
from conformance.forge.requests import LISTED
from conformance.profile.tenants import ONE_KEY
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError, NotAssessedError, establish

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.analysis.hidden_text import Hidden
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys
    from conformance.profile.target import Target

READ = 5
"""Resources that are read, and prompts that are got: the first ones."""
PAGES = 5
LONGEST = 1 << 16
"""Characters of one text that are looked at."""
TOLD = 4
CALLS = 3
"""Calls after which a tool may show another face."""
DEEPEST = 20
AROUND = 30
"""Characters shown before a difference, and twice as many after its begin."""
NOT_SHOWN = frozenset({"_meta", "uri", "blob", "data", "mimeType", "pattern", "nextCursor", "src"})
"""What is no text for a reader: addresses, bytes, expressions that name what they look for."""
RENDERED = frozenset({"title", "description", "instructions", "text", "name"})
"""What a client may show as Markdown or HTML."""
OF_THE_SERVER = ("serverInfo", "_meta")
"""Where a server tells of itself what is not for a model; looked at, and nothing to pass by."""
OF_ITSELF = ("title", "description", "inputSchema", "outputSchema", "annotations", "arguments")
PLAIN = frozenset({"", "text/plain"})
"""Types of a resource whose markup is none of its own: a page may hold a comment."""


@dataclass(frozen=True)
class Text:
    """A text of the server's, and where it stands."""

    where: str
    text: str
    is_rendered: bool

    def hidden(self) -> list[Hidden]:
        """Return what it hides."""
        found = hidden_characters(self.text[:LONGEST])
        return [*found, *(hidden_markup(self.text[:LONGEST]) if self.is_rendered else ())]


def texts(value: Any, where: str, name: str = "", depth: int = 0) -> Iterator[Text]:
    """Yield every text of a JSON value, names of members too."""
    if depth > DEEPEST:
        return
    if isinstance(value, str):
        yield Text(where, value, name in RENDERED)
    elif isinstance(value, dict):
        for key, one in cast("dict[str, Any]", value).items():
            yield Text(f"a name in {where}", key, is_rendered=False)
            if key not in NOT_SHOWN:
                yield from texts(one, f"{where}.{key}", key, depth + 1)
    elif isinstance(value, list):
        for at, one in enumerate(cast("list[Any]", value)):
            yield from texts(one, f"{where}[{at}]", name, depth + 1)


def listed(talk: Conversation, method: str) -> list[dict[str, Any]]:
    """Return what a server lists on all pages; empty where it has no such list.

    The check is inconclusive for another refusal.
    """
    found: list[dict[str, Any]] = []
    cursor: Any = None
    for _ in range(PAGES):
        page = talk.ask(method, {} if cursor is None else {"cursor": cursor})
        if page.has_no_method:
            break  # a server of resources need have no templates
        establish(page.succeeded, f"{method} works, as the capabilities announce (got {page})")
        found += entries_of(page, method)
        cursor = page.result.get("nextCursor")
        if cursor is None:
            break
    return found


def opened(wire: Wire, revision: str, key: str) -> tuple[Conversation, Answer]:
    """Return a conversation that is open, and the answer that opened it."""
    talk = Conversation(wire.derived(revision=revision), key)
    answer = talk.open()
    establish(answer.succeeded, f"{revision}: a conversation can be opened (got {answer})")
    return talk, answer


def inside(talk: Conversation, method: str, entry: dict[str, Any]) -> Iterator[Text]:
    """Yield the texts that a resource or a prompt holds, where it asks for nothing."""
    name = str(entry.get("name", ""))
    if method == "resources/list":
        read = talk.ask("resources/read", {"uri": entry.get("uri")})
        for one in objects(read.result.get("contents")):
            is_plain = str(one.get("mimeType", "")).partition(";")[0] in PLAIN
            yield Text(f"the resource {name!r}", str(one.get("text", "")), is_rendered=is_plain)
    if method == "prompts/list" and takes_nothing(entry):
        told = talk.ask("prompts/get", {"name": name}).result
        yield from texts(told, f"the prompt {name!r}")


def all_texts(wire: Wire, revision: str, key: str) -> Iterator[Text]:
    """Yield what the server says of itself, of its tools, prompts and resources."""
    talk, opening = opened(wire, revision, key)
    told = opening.capabilities
    for name in ("instructions", *OF_THE_SERVER):
        yield from texts(opening.result.get(name), name, name)
    for method in LISTED:
        if method.partition("/")[0] not in told:
            continue
        found = listed(talk, method)
        for entry in found:
            yield from texts(entry, f"{method} {str(entry.get('name'))!r}")
        for entry in found[:READ]:
            yield from inside(talk, method, entry)


@requirement("MCP-28")
def test_no_text_of_the_server_hides_anything(wire: Wire, keys: Keys, discovery: Discovery) -> None:
    """A person sees a rendered text and a model reads its characters: the two must be the same.

    What languages and emoji are written with is no finding, by the rules of Unicode for it.
    """
    judged = 0
    for revision in eras(discovery):
        found: list[str] = []
        for one in all_texts(wire, revision, keys.b.active):
            judged += not any(place in one.where for place in OF_THE_SERVER)
            if hidden := one.hidden():
                found.append(f"{one.where} has {hidden[0]}")
                wire.transcript.note(
                    f"{revision}: {one.where}", f"{'; '.join(map(str, hidden))}\n{one.text!a}"
                )
        assert not found, (
            f"{revision}: {len(found)} texts hide something: {'; '.join(found[:TOLD])}"
        )
    if not judged:
        raise NotAssessedError("the target lists no tools, prompts or resources")


def said(talk: Conversation, told: dict[str, Any]) -> dict[str, str]:
    """Return what each tool and prompt says of itself."""
    found: dict[str, str] = {}
    for method in ("tools/list", "prompts/list"):
        if method.partition("/")[0] not in told:
            continue
        for entry in listed(talk, method):
            words = {name: entry.get(name) for name in OF_ITSELF}
            name = f"{LISTED[method].removesuffix('s')} {entry.get('name')!r}"
            found[name] = json.dumps(words, sort_keys=True)
    return found


def nameless(text: str, tenants: Iterable[str]) -> str:
    """Return a text without the names of some tenants, the longest first.

    Both are taken out of the texts of both: a profile may call them by a letter each, and every
    text has letters.
    """
    names = sorted(filter(None, tenants), key=len, reverse=True)
    return re.sub("|".join(map(re.escape, names)), "<tenant>", text) if names else text


def common(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (mine, yours) in pairs if mine != yours), min(len(one), len(other)))


def changed(one: dict[str, str], other: dict[str, str], tenants: Iterable[str] = ()) -> list[str]:
    """Return in a sentence each what is said otherwise; what one of the two lacks is not said.

    Nor is it a difference that a text names one of some tenants where the other names another.
    """
    found: list[str] = []
    for name in sorted(one.keys() & other.keys()):
        if one[name] == other[name]:
            continue
        mine, yours = (nameless(text, tenants) for text in (one[name], other[name]))
        if mine != yours:
            start = max(0, common(mine, yours) - AROUND)
            first, second = (text[start : start + 3 * AROUND] for text in (mine, yours))
            found.append(f"the {name} says {first!r} and then {second!r}")
    return found


@requirement("MCP-28")
def test_a_tool_says_the_same_of_itself_to_two_callers(
    wire: Wire, keys: Keys, discovery: Discovery
) -> None:
    """Two tenants of one tier: one of them asks twice, so that the caller alone has changed."""
    if keys.a.active == keys.b.active:
        raise NotAssessedError(ONE_KEY)
    names = (keys.a.tenant_id, keys.b.tenant_id)
    for revision in eras(discovery):
        told: list[dict[str, str]] = []
        for tenant in (keys.a, keys.b, keys.a):
            talk, opening = opened(wire, revision, tenant.active)
            told.append(said(talk, opening.capabilities))
        if not told[0]:
            raise NotApplicableError("the target lists no tools or prompts")
        if changed(told[0], told[2]):
            continue  # it changes by itself, which the other check judges
        if told[0].keys() != told[1].keys():
            raise NotApplicableError("the tenants are listed different tools: not of one tier")
        differs = changed(told[0], told[1], names)
        assert not differs, (
            f"{revision}: {len(differs)} say another thing to another tenant: {differs[0]}"
        )


def call_tools(talk: Conversation, target: Target) -> None:
    """Call what may be called, some times."""
    tools = target.tools
    for _ in range(CALLS):
        if tools.ping:
            talk.ask("tools/call", {"name": tools.ping, "arguments": {}})
        if (tool := tools.validated) is not None:
            talk.ask("tools/call", {"name": tool.name, "arguments": tool.arguments})


def announces_changes(told: dict[str, Any]) -> bool:
    """Tell whether the server says that it tells of changed lists."""
    kinds = (told.get(kind) for kind in ("tools", "prompts"))
    return any(
        cast("dict[str, Any]", one).get("listChanged") is True
        for one in kinds
        if isinstance(one, dict)
    )


@requirement("MCP-28")
def test_a_tool_says_the_same_of_itself_after_it_was_called(
    wire: Wire, keys: Keys, discovery: Discovery, target: Target
) -> None:
    """Whoever has approved a tool by its description would be calling another one.

    Where changes are announced, one may have been told on a stream that is not open here.
    """
    unheard = ""
    for revision in eras(discovery):
        talk, opening = opened(wire, revision, keys.b.active)
        told = opening.capabilities
        before = said(talk, told)
        if not before:
            raise NotApplicableError("the target lists no tools or prompts")
        call_tools(talk, target)
        again, _ = opened(wire, revision, keys.b.active)
        differs = changed(before, said(talk, told)) or changed(before, said(again, told))
        if differs and announces_changes(told):
            unheard = differs[0]  # the other era may have announced nothing
            continue
        assert not differs, (
            f"{revision}: {len(differs)} say another thing after some calls, and the server "
            f"announces no changes: {differs[0]}"
        )
    establish(not unheard, f"a changed list was not announced: {unheard}")
