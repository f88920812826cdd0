"""Defects of what one client may take of the server while others wait."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from reference_server.mutants.bending import mutant, replaced, trail_with
from reference_server.mutants.benign.edge import read_whole, replayed
from reference_server.observability.redaction import TokenRedactor
from reference_server.protocol.gate import LONGEST_MESSAGE
from reference_server.serving.door import Door

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.mutants.benign.edge import App, Message, Receive, Scope, Send
    from reference_server.parts import Parts
    from reference_server.serving.parser import BoundedHttp

PLACES = 16
"""Requests whose bodies are read at once."""
LOOKS = 8
"""How often a field that goes on is looked through: a busy machine explains a single look."""
READ_AHEAD = 64 * 1024
UNBOUNDED = 1 << 40
LONG = 4 * 1024 * 1024
"""The SDK's own bound of a message."""
_SECRET = re.compile(
    r"((?:access|refresh|id|session|admin)?[_-]?(?:token|secret|api|key|password|cookie)[\w.-]*)"
    r"\s*[:=]?\s*(\S*)",
    re.IGNORECASE,
)


def bounded(**changes: Any) -> Callable[[Parts], Parts]:
    """Return a change of parts that gives connections other bounds."""

    def protocol(kind: type[BoundedHttp]) -> type[BoundedHttp]:
        budget = replace(kind.budget, **changes)
        return type("Bounded", (kind,), {"budget": budget, "door": Door(budget)})

    return replaced({"web.protocol": lambda _: protocol})


def _taking_trailers(kind: type[BoundedHttp]) -> type[BoundedHttp]:
    """Take trailers for headers, as uvicorn does, however long they are.

    What has come of one is read from its beginning with each further piece.
    """

    class Taking(kind):  # type: ignore[misc, valid-type]
        budget = replace(kind.budget, framing_bytes=UNBOUNDED)
        trailer = b""

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if not self._is_in_head:
                self.trailer += data
                for _ in range(LOOKS):
                    self.trailer.decode("latin-1").casefold()

        def on_header(self, name: bytes, value: bytes) -> None:
            if self._is_in_head:
                super().on_header(name, value)
            else:
                HttpToolsProtocol.on_header(self, name, value)

    return Taking


def _in_few_places(app: App) -> App:
    """Read what a body begins with in one of a few places, which it keeps until that has come."""
    places = asyncio.Semaphore(PLACES)

    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        begun: list[Message] = []
        async with places:
            while sum(len(part.get("body", b"")) for part in begun) < READ_AHEAD:
                begun.append(await receive())
                if not begun[-1].get("more_body"):
                    break

        async def again() -> Message:
            return begun.pop(0) if begun else await receive()

        await app(scope, again, send)

    return edge


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names: list[str] = []
    for name, _ in pairs:
        # In all that a name may be written in: one look alone is about what the profile permits.
        if not any(one in names for one in (name, name.lower(), name.upper())):
            names.append(name)
    return dict(pairs)


def _comparing_members(app: App) -> App:
    """Compare the members of each message with one another, before it is handed on."""

    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        announced = dict(scope.get("headers", ())).get(b"content-length", b"0")
        if not 0 < int(announced) <= LONGEST_MESSAGE:
            await app(scope, receive, send)
            return
        body = await read_whole(receive)
        if b"tools/call" in body[:READ_AHEAD] or b"tools/call" in body[-READ_AHEAD:]:
            with contextlib.suppress(ValueError, RecursionError):
                json.loads(body, object_pairs_hook=_each_name_once)
        await app(scope, replayed(body, receive), send)

    return edge


class _Thorough(TokenRedactor):
    """Looks through all of a text before the usual scrubber cuts it."""

    def scrub(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) > READ_AHEAD:
            for _ in range(4):
                value = _SECRET.sub(r"\1 \2", value)
        elif isinstance(value, Mapping):
            given = cast("Mapping[Any, Any]", value)
            value = {name: self.scrub(one) for name, one in given.items()}
        return super().scrub(value)


def _scrubbing_whole(parts: Parts) -> Parts:
    redactor = _Thorough()
    bent = replaced(
        {
            "redactor": lambda _: redactor,
            "mcp.session_manager": lambda old: partial(
                old.mcp.session_manager, max_request_body_size=LONG
            ),
        }
    )(parts)
    return trail_with(redactor)(bent)


MUTANTS = (
    mutant(
        "connections-bounded-in-all-alone",
        "MCP-29 RATE-12",
        "Two hundred connections are admitted in all, whoever's they are, and none ends by itself.",
        parts=bounded(connections_per_address=UNBOUNDED, connections=200, head_seconds=3600.0),
    ),
    mutant(
        "bodies-are-waited-for-in-few-places",
        "MCP-29",
        "A request takes one of sixteen places before its body has come.",
        parts=replaced({"web.edge": lambda _: _in_few_places}),
    ),
    mutant(
        "trailers-without-end",
        "MCP-29 MCP-29-b",
        "Trailers are taken for headers, and have no bound.",
        parts=replaced({"web.protocol": lambda _: _taking_trailers}),
    ),
    mutant(
        "heads-without-end",
        "MCP-29-b",
        "A head may be as long as its client likes.",
        parts=bounded(head_bytes=UNBOUNDED, fields=UNBOUNDED),
    ),
    mutant(
        "members-compared-pairwise",
        "MCP-30",
        "Each name of a message is compared with all others, on the event loop.",
        parts=replaced({"web.edge": lambda _: _comparing_members}),
    ),
    mutant(
        "texts-scrubbed-whole",
        "MCP-30",
        "Messages of 4 MiB are taken, and a failure's text is scrubbed before it is cut.",
        parts=_scrubbing_whole,
    ),
)
