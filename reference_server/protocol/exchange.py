"""One HTTP exchange as the gate sees it: an ASGI receive and send with manners."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import RequestTimeout

from reference_server.observability.logs import log_event

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from reference_server.context import RequestContext

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

DRAIN_BYTES = 16 * 1024 * 1024
DRAIN_SECONDS = 2.0
"""How much, and for how long, an unread body is read away before an early answer."""

GONE: Message = {"type": "http.disconnect"}


class Exchange:
    """Wraps ``receive`` and ``send`` of one request.

    It drains an unread body before an early answer (a client still sending would see a reset
    instead of the answer), ends open streams when the server stops or it is told to, completes an
    answer that was left open, and writes the request's log line. ``started`` says that an answer
    has begun, ``body_read`` that there is no more body to receive.
    """

    def __init__(
        self, context: RequestContext, receive: Receive, send: Send, stopping: asyncio.Event
    ) -> None:
        self.context = context
        self.started = False
        self.body_read = False
        self._receive = receive
        self._send = send
        self._stopping = stopping
        self._ended = asyncio.Event()
        self._begun = time.perf_counter()
        self._status = 0
        self._complete = False

    async def receive(self) -> Message:
        """Return the next part of the body; afterwards wait until the client or server goes."""
        if self.body_read:
            return await self._wait_for_end()
        message = await self._receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            self.body_read = True
        return message

    async def collect(self, most: int, seconds: float) -> Receive:
        """Read a body of a known length, at most ``most``; return what hands it to a thread.

        Such a thread waits for no client: nothing comes of a body that is longer or of unknown
        length, which no view reads, and of one that is not whole in time RequestTimeout.
        """
        body = bytearray()
        is_late = False
        try:
            async with asyncio.timeout(seconds):
                while 0 < self._announced() <= most and not self.body_read:
                    body += (await self.receive()).get("body", b"")
        except TimeoutError:
            is_late = True

        async def receive() -> Message:
            if is_late:
                raise RequestTimeout
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        return receive

    async def send(self, message: Message) -> None:
        """Send a part of the answer."""
        if message["type"] == "http.response.start":
            self.started = True
            self._status = message["status"]
            if not await self._drain():
                message["headers"] = [*message["headers"], (b"connection", b"close")]
        elif not message.get("more_body", False):
            self._complete = True
        await self._send(message)

    async def answer(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Send a whole answer."""
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    def end(self) -> None:
        """Have whoever answers see the client go, though it stays."""
        self._ended.set()

    async def has_ended_within(self, seconds: float) -> bool:
        """Wait so long at most; tell whether the answer was ended meanwhile."""
        try:
            async with asyncio.timeout(seconds):
                return await self._ended.wait()
        except TimeoutError:
            return False

    async def close(self) -> None:
        """End an answer that was begun and left open, such as a stream cut at shutdown."""
        if self.started and not self._complete:
            await self.send({"type": "http.response.body", "body": b""})

    def log(self) -> None:
        """Write the request's line: no query, no header, nothing of a body."""
        context = self.context
        if context.is_counted:
            return
        log_event(
            "request",
            context.request_id,
            method=context.method,
            path=context.path,
            status=self._status,
            address=context.address,
            ms=round((time.perf_counter() - self._begun) * 1000, 2),
        )

    def _announced(self) -> int:
        lengths = (value for name, value in self.context.headers if name == "content-length")
        return int(next(lengths, "0"))

    async def _drain(self) -> bool:
        """Read the rest of the body away; False when too much or too slow, or never sent."""
        if self.body_read:
            return True
        if any(name.lower() == "expect" for name, _ in self.context.headers):
            # The client holds the body back until it is asked for; asking would be wrong now.
            return False
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                return await self._drain_bytes()
        except TimeoutError:
            return False

    async def _drain_bytes(self) -> bool:
        drained = 0
        while not self.body_read and drained <= DRAIN_BYTES:
            message = await self.receive()
            drained += len(message.get("body", b""))
        return self.body_read

    async def _wait_for_end(self) -> Message:
        waits = [
            asyncio.ensure_future(self._receive()),
            asyncio.ensure_future(self._stopping.wait()),
            asyncio.ensure_future(self._ended.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return dict(GONE)
