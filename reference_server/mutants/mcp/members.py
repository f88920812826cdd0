"""Defects of reading a message: names folded, objects merged, two readers of what stands twice."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import cycle
from typing import TYPE_CHECKING, Any, cast

from reference_server.core.vocabulary import EventType
from reference_server.mutants.bending import BentTrail, mutant, replaced
from reference_server.mutants.benign.edge import read_whole, replayed
from reference_server.parts import with_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reference_server.audit.contracts import AuditEvent
    from reference_server.mutants.benign.edge import App, Receive, Scope, Send
    from reference_server.parts import Parts

    Fields = dict[bytes, bytes]
    Pair = tuple[str, Any]
    Change = Callable[[bytes, Fields], bytes]

_SMALL = 1 << 16
_KNOWN = frozenset({"jsonrpc", "id", "method", "params", "name", "arguments"})


class Twice(list["Pair"]):
    """The members of an object as they stand, those of one name too."""

    def all(self, name: str) -> list[Any]:
        """Return every value that stands under a name, in order."""
        return [value for key, value in self if key == name]


def read_as(change: Change) -> Callable[[Parts], Parts]:
    """Return a change of parts that puts another body, and other headers, before the server.

    The function may change the headers that it gets; what is no JSON passes as it is.
    """

    def around(app: App) -> App:
        async def edge(scope: Scope, receive: Receive, send: Send) -> None:
            before = dict(scope.get("headers", ()))
            length = before.get(b"content-length", b"")
            if not length.isdigit() or int(length) > _SMALL:
                await app(scope, receive, send)
                return
            body = await read_whole(receive)  # bounded: by the length that was told
            fields = dict(before)
            try:
                changed = change(body, fields)
            except (ValueError, RecursionError):
                changed = body
            fields[b"content-length"] = str(len(changed)).encode()
            headers = [
                (name, value if fields[name] == before[name] else fields[name])
                for name, value in scope["headers"]
            ]
            await app({**scope, "headers": headers}, replayed(changed, receive), send)

        return edge

    return replaced({"web.edge": lambda _: around})


def pairs_of(body: bytes) -> Any:
    """Return a JSON text with each object as its members. Raises ValueError for what is none."""
    return json.loads(body, object_pairs_hook=Twice)


def rewritten(body: bytes, hook: Callable[[list[Pair]], dict[str, Any]]) -> bytes:
    """Return a JSON text with its objects made anew of their members."""
    return json.dumps(json.loads(body, object_pairs_hook=hook)).encode()


def first_of(pairs: list[Pair]) -> dict[str, Any]:
    """Return an object in which the first of two members counts."""
    return dict(reversed(pairs))


def _plain(name: str) -> str:
    return name.casefold() if name.casefold() in _KNOWN else name


def _folded(body: bytes, fields: Fields) -> bytes:
    del fields
    return rewritten(body, lambda pairs: {_plain(name): value for name, value in pairs})


def _made_up_for(pairs: list[Pair]) -> dict[str, Any]:
    found = dict(pairs)
    for name, value in pairs:
        found.setdefault(_plain(name), value)
    return found


def _lenient(body: bytes, fields: Fields) -> bytes:
    del fields
    return rewritten(body, _made_up_for)


def _joined(pairs: list[Pair]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        old = found.get(name)
        both = isinstance(old, dict) and isinstance(value, dict)
        found[name] = {**cast("dict[str, Any]", old), **value} if both else value
    return found


def _merged(body: bytes, fields: Fields) -> bytes:
    del fields
    return rewritten(body, _joined)


def _told_twice(message: Any, member: str) -> list[Any]:
    if not isinstance(message, Twice):
        return []
    if member == "method":
        return message.all("method")
    params = message.all("params")
    return params[-1].all("name") if params and isinstance(params[-1], Twice) else []


def _by_the_first(header: bytes, member: str) -> Change:
    """Compare a header with the first of two members, where the last is carried out."""

    def change(body: bytes, fields: Fields) -> bytes:
        told = _told_twice(pairs_of(body), member)
        if len(told) > 1 and header in fields:
            is_right = fields[header] == str(told[0]).encode()
            fields[header] = str(told[-1]).encode() if is_right else b"-"
        return body

    return change


def _by_turns() -> Change:
    turns = cycle((first_of, dict[str, Any]))

    def change(body: bytes, fields: Fields) -> bytes:
        found = pairs_of(body)
        is_message = isinstance(found, Twice) and "method" in dict(found)
        if not (fields.get(b"x-api-key") and is_message):
            return body
        is_twice = len(dict(found)) != len(found) or len(_told_twice(found, "name")) > 1
        return rewritten(body, next(turns)) if is_twice else body

    return change


def _written_by_the_first(parts: Parts) -> Parts:
    """Have the trail name the tool that stands first, whichever was called."""
    firsts: dict[str, list[str]] = {}

    def remember(body: bytes, fields: Fields) -> bytes:
        del fields
        told = [str(name) for name in _told_twice(pairs_of(body), "name")]
        if len(told) > 1:
            firsts.setdefault(told[-1], []).append(told[0])
        return body

    def bend(event: AuditEvent) -> Iterable[AuditEvent]:
        metadata = event.metadata or {}
        waiting = firsts.get(str(metadata.get("tool")), [])
        if event.event_type is EventType.TOOL_CALLED and waiting:
            return (replace(event, metadata={**metadata, "tool": waiting.pop()}),)
        return (event,)

    bent = read_as(remember)(parts)
    return with_parts(bent, {"trail": BentTrail(bent.trail, bend)})


MUTANTS = (
    mutant(
        "names-in-any-letters",
        "MCP-21",
        "A member's name is read in whatever letters, as by Go's encoding/json; the last counts.",
        parts=read_as(_folded),
    ),
    mutant(
        "names-made-up-for",
        "MCP-21",
        "Where a member is missing, another one whose name differs in its letters stands for it.",
        parts=read_as(_lenient),
    ),
    mutant(
        "objects-merged",
        "MCP-21",
        "Two objects of one name are merged into one.",
        parts=read_as(_merged),
    ),
    mutant(
        "header-compared-with-the-first-name",
        "MCP-21",
        "`Mcp-Name` is compared with the first name, and the tool of the last one is called.",
        parts=read_as(_by_the_first(b"mcp-name", "name")),
    ),
    mutant(
        "header-compared-with-the-first-method",
        "MCP-21",
        "`Mcp-Method` is compared with the first method, and the last one is carried out.",
        parts=read_as(_by_the_first(b"mcp-method", "method")),
    ),
    mutant(
        "twice-read-by-turns",
        "MCP-21",
        "Of two members now the first counts and now the last, as with two programs at work.",
        parts=read_as(_by_turns()),
    ),
    mutant(
        "trail-names-the-first-tool",
        "MCP-21",
        "Of two names the trail has the first, and the tool of the last one is called.",
        parts=_written_by_the_first,
    ),
)
