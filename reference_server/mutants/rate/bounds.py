"""Defects of how many sessions, streams and connections one caller may have."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from reference_server.context import MCP_PATH
from reference_server.mutants.bending import mutant, replaced
from reference_server.mutants.mcp.neighbours import UNBOUNDED, bounded
from reference_server.protocol.events import SessionManager
from reference_server.protocol.gate import LONGEST_MESSAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp.server.lowlevel import Server
    from mcp.server.streamable_http import StreamableHTTPServerTransport

    from reference_server.mutants.benign.edge import App, Message, Receive, Scope, Send
    from reference_server.parts import Parts

MOST = 100
"""Sessions of everybody together."""
PLACES = 32
"""Requests that are served at once."""


def managed_by(kind: type[StreamableHTTPSessionManager]) -> Callable[[Parts], Parts]:
    """Return a change of parts with another manager of sessions."""

    def manager(server: Server[Any], **options: Any) -> StreamableHTTPSessionManager:
        options.setdefault("max_request_body_size", LONGEST_MESSAGE)
        return kind(server, **options)

    return replaced({"mcp.session_manager": lambda _: manager})


class _OldestOfAll(SessionManager):
    """Ends the oldest session, whoever's it is, when there are too many."""

    def __init__(self, *words: Any, **options: Any) -> None:
        super().__init__(*words, **options)
        self._turn = asyncio.Lock()  # one that is ended twice breaks off the answer of another

    async def _serve_opening_request(
        self, http_transport: StreamableHTTPServerTransport, scope: Any, receive: Any, send: Any
    ) -> None:
        await super()._serve_opening_request(http_transport, scope, receive, send)
        async with self._turn:
            while len(self._server_instances) > MOST:
                name, oldest = next(iter(self._server_instances.items()))
                await self._discard_session(name, oldest)


def _of_few(parts: Parts) -> Any:
    return partial(parts.mcp.session_manager, max_sessions=MOST)


def _in_few_places(app: App) -> App:
    """Serve so many requests at once; a stream is one for as long as it is open."""
    places = asyncio.Semaphore(PLACES)

    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        async with places:
            await app(scope, receive, send)

    return edge


def _one_for_another(app: App) -> App:
    """Have so many streams open at once: the next one ends the oldest, whoever's it is."""
    standing: list[asyncio.Event] = []

    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") != "GET" or scope["path"] != MCP_PATH:
            await app(scope, receive, send)
            return
        ended = asyncio.Event()
        standing.append(ended)
        if len(standing) > PLACES:
            standing.pop(0).set()

        async def heard() -> Message:
            waiting = {asyncio.ensure_future(receive()), asyncio.ensure_future(ended.wait())}
            done, others = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for one in others:
                one.cancel()
            found = next(iter(done)).result()
            return found if isinstance(found, dict) else {"type": "http.disconnect"}

        try:
            await app(scope, heard, send)
        finally:
            if ended in standing:
                standing.remove(ended)

    return edge


MUTANTS = (
    mutant(
        "oldest-stream-of-all-ends",
        "RATE-12",
        "The next stream ends the oldest, whoever's it is, when there are thirty-two.",
        parts=replaced({"web.edge": lambda _: _one_for_another}),
    ),
    mutant(
        "connections-of-one-address-unbounded",
        "RATE-12-b",
        "An address may have as many connections as all have together.",
        parts=bounded(connections_per_address=UNBOUNDED),
    ),
    mutant(
        "sessions-bounded-in-all-alone",
        "RATE-12",
        "The next session is refused when there are a hundred, whoever's they are.",
        parts=replaced({"mcp.session_manager": _of_few}),
    ),
    mutant(
        "oldest-session-of-all-ends",
        "RATE-12",
        "The next session ends the oldest, whoever's it is, when there are a hundred.",
        parts=managed_by(_OldestOfAll),
    ),
    mutant(
        "sessions-of-one-principal-unbounded",
        "RATE-12-b",
        "A principal may open as many sessions as all have together.",
        parts=managed_by(StreamableHTTPSessionManager),
    ),
    mutant(
        "streams-take-the-places-of-calls",
        "RATE-12 MCP-29",
        "Thirty-two requests are served at once, and an open stream is one of them.",
        parts=replaced({"web.edge": lambda _: _in_few_places}),
    ),
)
