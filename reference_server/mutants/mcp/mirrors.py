"""Defects of headers that mirror the body: the body alone is believed, whatever they say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from reference_server.mutants.bending import mutant, replaced
from reference_server.mutants.benign.edge import read_whole, replayed

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.mutants.benign.edge import App, Receive, Scope, Send
    from reference_server.parts import Parts

_SMALL = 1 << 16


def _told_by_the_body(body: bytes, header: bytes) -> bytes | None:
    try:
        found: Any = json.loads(body)
    except ValueError:
        return None
    message = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    if header == b"mcp-method":
        told = message.get("method")
    else:
        params: Any = message.get("params")
        told = cast("dict[str, Any]", params).get("name") if isinstance(params, dict) else None
    return told.encode() if isinstance(told, str) and told.isascii() else None


def _filled_in(header: bytes) -> Callable[[Parts], Parts]:
    """Return a change of parts that puts into a header what the body says."""

    def around(app: App) -> App:
        async def edge(scope: Scope, receive: Receive, send: Send) -> None:
            fields = dict(scope.get("headers", ()))
            length = fields.get(b"content-length", b"")
            is_stateless = fields.get(b"mcp-protocol-version") == b"2026-07-28"
            if not is_stateless or not length.isdigit() or int(length) > _SMALL:
                await app(scope, receive, send)
                return
            body = await read_whole(receive)  # bounded: by the length that was told
            told = _told_by_the_body(body, header)
            if told is not None:
                kept = [pair for pair in scope["headers"] if pair[0] != header]
                scope = {**scope, "headers": [*kept, (header, told)]}
            await app(scope, replayed(body, receive), send)

        return edge

    return replaced({"web.edge": lambda _: around})


MUTANTS = (
    mutant(
        "method-header-not-compared",
        "MCP-21 MCP-24",
        "What `Mcp-Method` says is not compared with the body's method.",
        parts=_filled_in(b"mcp-method"),
    ),
    mutant(
        "name-header-not-compared",
        "MCP-21 MCP-24",
        "What `Mcp-Name` says is not compared with the body's name.",
        parts=_filled_in(b"mcp-name"),
    ),
)
