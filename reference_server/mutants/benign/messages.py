"""Other messages that mean the same, and other ways to take what stands twice."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from reference_server.mutants.bending import replaced
from reference_server.mutants.benign.edge import (
    answer,
    benign,
    json_rewritten,
    read_whole,
    replayed,
)
from reference_server.mutants.mcp.members import first_of, pairs_of, read_as, rewritten

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.mutants.benign.edge import App, Receive, Reply, Scope, Send
    from reference_server.parts import Parts

_SMALL = 1 << 16
_NAMES = frozenset({"jsonrpc", "id", "method", "params", "name", "arguments"})
ABOUT_MESSAGES = frozenset({"MCP-21", "MCP-31"})
_REFUSED = '{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Invalid Request"}}'


def _refusing(is_wrong: Callable[[Any], bool]) -> Callable[[Parts], Parts]:
    """Return a change of parts that refuses some messages before anything looks at them."""

    def around(app: App) -> App:
        async def edge(scope: Scope, receive: Receive, send: Send) -> None:
            length = dict(scope.get("headers", ())).get(b"content-length", b"")
            if scope.get("path") != "/mcp" or not length.isdigit() or int(length) > _SMALL:
                await app(scope, receive, send)
                return
            body = await read_whole(receive)  # bounded: by the length that was told
            try:
                is_refused = is_wrong(pairs_of(body))
            except (ValueError, RecursionError):
                is_refused = False
            if is_refused and b"x-api-key" in dict(scope["headers"]):
                await answer(send, HTTPStatus.BAD_REQUEST, _REFUSED, "application/json")
            else:
                await app(scope, replayed(body, receive), send)

        return edge

    return replaced({"web.edge": lambda _: around})


def _members(value: Any) -> list[tuple[str, Any]]:
    entries = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("tuple[str, Any]", one) for one in entries if isinstance(one, tuple)]


def _objects(value: Any, depth: int = 0) -> list[list[tuple[str, Any]]]:
    """Return every object of a message, to a depth that a message has."""
    if not isinstance(value, list) or depth > 8:  # noqa: PLR2004 -- levels
        return []
    members = _members(value)
    inner = [one for _, one in members] or cast("list[Any]", value)
    found = [members] if members else []
    return found + [one for entry in inner for one in _objects(entry, depth + 1)]


def _stands_twice(message: Any) -> bool:
    return any(len(dict(one)) != len(one) for one in _objects(message))


def _in_other_letters(message: Any) -> bool:
    """Tell it of a message and its parameters: the names of a tool's arguments are the tool's."""
    pairs = _members(message)
    params = [value for name, value in pairs if name == "params"]
    names = [name for table in (pairs, *map(_members, params)) for name, _ in table]
    return any(name.casefold() in _NAMES and name not in _NAMES for name in names)


def _first(body: bytes, fields: dict[bytes, bytes]) -> bytes:
    del fields
    return rewritten(body, first_of)


def _without_an_id(found: Any, reply: Reply) -> Any:
    """Leave the id out of an error with an HTTP error, as the transport has it."""
    message = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    if reply.status < HTTPStatus.BAD_REQUEST or "jsonrpc" not in message:
        return cast("Any", found)
    return {name: value for name, value in message.items() if name != "id"}


def _with_extensions(found: Any, reply: Reply) -> Any:
    """Announce what no revision knows, with settings and data of its own."""
    del reply
    message = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    result: Any = message.get("result")
    if not isinstance(result, dict) or "capabilities" not in result:
        error: Any = message.get("error")
        if isinstance(error, dict) and "data" not in error:
            return {**message, "error": {**cast("dict[str, Any]", error), "data": {"see": "docs"}}}
        return cast("Any", found)
    told = cast("dict[str, Any]", result)
    more = {"extensions": {"org.example/maps": {"zoom": 4}}, "experimental": {"x": {"on": True}}}
    capabilities = {**cast("dict[str, Any]", told["capabilities"]), **more, "org.example": {}}
    told = {**told, "capabilities": capabilities, "org.example/since": 2020}
    return json.loads(json.dumps({**message, "result": told}))


VARIANTS = (
    benign(
        "first-of-two-members",
        "Of two members of one name the first counts, for all who look.",
        parts=read_as(_first),
        touches=ABOUT_MESSAGES,
    ),
    benign(
        "twice-refused",
        "A message in which a name stands twice is refused.",
        parts=_refusing(_stands_twice),
        touches=ABOUT_MESSAGES,
    ),
    benign(
        "other-letters-refused",
        "A message with a member's name in other letters is refused.",
        parts=_refusing(_in_other_letters),
        touches=ABOUT_MESSAGES,
    ),
    benign(
        "refusals-without-an-id",
        "What is refused with an HTTP error has no id, as the transport has it.",
        parts=json_rewritten(_without_an_id),
        touches=ABOUT_MESSAGES,
    ),
    benign(
        "extensions-announced",
        "Capabilities, results and errors hold what no revision knows, as they may.",
        parts=json_rewritten(_with_extensions),
        touches=ABOUT_MESSAGES,
    ),
)
