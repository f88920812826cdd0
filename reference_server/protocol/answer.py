"""The SDK's answer on its way out: with the headers of every answer, no stream without need."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from reference_server.web.answers import error, unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.protocol.exchange import Exchange, Message

    RawHeaders = list[tuple[bytes, bytes]]

SESSION_HEADER = b"mcp-session-id"

DNS_REBINDING = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.MISDIRECTED_REQUEST})
"""The SDK's answers to a foreign Origin and a foreign Host."""

HOLD_SECONDS = 1.0
"""How long a stream may be silent before its client is told that it is one."""


class McpAnswer:
    """Passes the SDK's answer on.

    The SDK begins a stream for every request of a session, before it knows the outcome. The stream
    is held until it says something: when that is the response, it goes out as one JSON document,
    or as the refusal that it must become; anything else, or silence, makes it a stream.
    """

    def __init__(
        self,
        exchange: Exchange,
        finish_head: Callable[[int, RawHeaders], RawHeaders],
        finish: Callable[[Response], Response],
        audit_refusal: Callable[[RequestContext], Awaitable[bool]],
        lacking: Callable[[str], Response],
    ) -> None:
        self._exchange = exchange
        self._finish_head = finish_head
        self._finish = finish
        self._audit_refusal = audit_refusal
        self._lacking = lacking
        self._is_over = False
        self._held: Message | None = None
        self._waiting = b""
        self._is_decided = asyncio.Event()
        self._patience: asyncio.Task[None] | None = None

    async def send(self, message: Message) -> None:
        """Send one ASGI message of the SDK."""
        if self._is_over:
            return
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif self._held is not None:
            await self._hold(message)
        else:
            await self._exchange.send(message)

    async def close(self) -> None:
        """Stop waiting for a stream that never said anything."""
        self._is_decided.set()
        if self._patience is not None:
            await self._patience

    async def _begin(self, message: Message) -> None:
        if self._exchange.context.method == "POST" and _is_stream(message):
            self._held = message
            self._patience = asyncio.create_task(self._release_late())
        else:
            await self._start(message)

    async def _hold(self, message: Message) -> None:
        self._waiting += message.get("body", b"")
        data = _first_data(self._waiting)
        if data is not None and _is_response(data):
            await self._answer(data)
        elif data is not None or not message.get("more_body", False):
            await self._release(more=message.get("more_body", False))

    async def _answer(self, data: bytes) -> None:
        """Send the stream's one response as a document."""
        held, self._held = cast("Message", self._held), None
        await self.close()
        kept = [(name, value) for name, value in held["headers"] if name.lower() == SESSION_HEADER]
        headers = [
            *kept,
            (b"content-type", b"application/json"),
            (b"content-length", str(len(data)).encode()),
        ]
        await self._start({**held, "headers": headers})
        if not self._is_over:
            await self._exchange.send({"type": "http.response.body", "body": data})
        self._is_over = True

    async def _release(self, *, more: bool) -> None:
        """Send what was held, and from now on everything as it comes."""
        held, self._held = self._held, None
        self._is_decided.set()
        if held is None:
            return
        waiting, self._waiting = self._waiting, b""
        await self._start(held)
        if not self._is_over and (waiting or not more):
            body = {"type": "http.response.body", "body": waiting, "more_body": more}
            await self._exchange.send(body)

    async def _release_late(self) -> None:
        try:
            async with asyncio.timeout(HOLD_SECONDS):
                await self._is_decided.wait()
        except TimeoutError:
            await self._release(more=True)

    async def _start(self, message: Message) -> None:
        context = self._exchange.context
        status = message["status"]
        if status in DNS_REBINDING and not await self._audit_refusal(context):
            context.is_unaudited = True
        if context.is_unaudited or status in DNS_REBINDING or context.lacks is not None:
            self._is_over = True
            await send_response(self._exchange, self._finish(self._refusal(status)))
            return
        headers = message["headers"]
        if status >= HTTPStatus.BAD_REQUEST:
            # The SDK names a session on refused requests too, where none was established.
            headers = [(name, value) for name, value in headers if name.lower() != SESSION_HEADER]
        headers = self._finish_head(status, headers)
        await self._exchange.send(
            {"type": "http.response.start", "status": status, "headers": headers}
        )

    def _refusal(self, status: int) -> Response:
        """Return what goes out in the place of the SDK's answer."""
        context = self._exchange.context
        if context.is_unaudited:
            return unavailable()
        if context.lacks is not None:
            return self._lacking(context.lacks)
        return error(status, HTTPStatus(status).name.lower())


async def send_response(exchange: Exchange, response: Response) -> None:
    """Send a whole answer of Flask's."""
    await exchange.answer(response.status_code, raw_headers(response), response.get_data())


def raw_headers(response: Response) -> RawHeaders:
    """Return an answer's headers as ASGI has them."""
    return [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in response.headers.items()
    ]


def _is_stream(start: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in start["headers"]
    )


def _first_data(stream: bytes) -> bytes | None:
    """Return the data of the first event that has any; None while it has not come whole."""
    *events, _ = stream.replace(b"\r\n", b"\n").split(b"\n\n")
    for event in events:
        lines = [line[5:].strip() for line in event.split(b"\n") if line.startswith(b"data:")]
        if any(lines):
            return b"\n".join(lines)
    return None


def _is_response(data: bytes) -> bool:
    message: Any = json.loads(data)
    return "method" not in message and message.get("id") is not None
