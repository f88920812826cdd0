"""Streams that stand open: read beside the check, which looks at what has come so far."""

from __future__ import annotations

import socket
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from conformance.channels.http.answer import Answer, Transport
from conformance.channels.http.body import events, is_reply, parsed
from conformance.channels.http.sessions import SESSION
from conformance.forge.requests import Request
from conformance.waiting import beside, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from conformance.channels.http.body import Event
    from conformance.channels.http.wire import Wire

OPEN_SECONDS = 90.0
"""How long a stream is read at most."""
HEAD_SECONDS = 12.0
"""How long a stream's head is awaited: some send nothing until there is something to tell."""
BEGIN_SECONDS = 2.0
"""How long the check waits for that, before it goes on without."""
HEARD_SECONDS = 5.0
"""How long what a server tells its streams of may take to come."""


def notices(text: str) -> list[dict[str, Any]]:
    """Return the notifications and requests of the server in a stream of events."""
    found = [parsed(event.data) for event in events(text)]
    return [
        cast("dict[str, Any]", one) for one in found if isinstance(one, dict) and not is_reply(one)
    ]


def following(line: Wire, session: str | None, after: str | None = None) -> Request:
    """Return the GET of a session's stream, to go on after an event where one is named."""
    headers = [("Accept", "text/event-stream"), ("MCP-Protocol-Version", line.revision)]
    if session is not None:
        headers.append((SESSION, session))
    if after is not None:
        headers.append(("Last-Event-ID", after))
    return Request("GET", None, tuple(headers))


class Stream:
    """What has come on a stream. Written by the thread that reads it, looked at by the check."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._body = bytearray()
        self._head: tuple[int, tuple[tuple[str, str], ...]] | None = None
        self._line: socket.socket | None = None
        self._ended: Answer | None = None
        self._is_closed = False

    def begin(self, status: int, headers: tuple[tuple[str, str], ...], line: Any) -> None:
        """Take the head of the answer."""
        self._line, self._head = line, (status, headers)
        if self._is_closed:
            self.close()

    def hear(self, chunk: bytes) -> None:
        """Take some more of the body."""
        self._body += chunk

    def listen(self, line: Wire, request: Request, key: str | None) -> None:
        """Ask for the stream and read it until it ends, or is closed."""
        self._ended = line.send(request.but(ear=self), key=key)

    def close(self) -> None:
        """Stop reading: the line is shut, as by a client that goes."""
        self._is_closed = True
        if self._line is not None:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)

    @property
    def has_begun(self) -> bool:
        """Whether the target has answered at all."""
        return self._head is not None or self._ended is not None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes."""
        return self._ended is not None

    @property
    def is_open(self) -> bool:
        """Whether it is a stream of events that nobody has ended."""
        if self.has_ended or self._head is None:
            return False
        kind = self.answer.header("content-type") or ""
        is_stream = kind.lower().startswith("text/event-stream")
        return is_stream and self._head[0] == HTTPStatus.OK

    @property
    def answer(self) -> Answer:
        """The answer as far as it has come."""
        if self._head is None:
            return self._ended or Answer(Transport.TIMEOUT)
        status, headers = self._head
        return Answer(Transport.ANSWERED, status, headers, bytes(self._body))

    @property
    def events(self) -> list[Event]:
        """The events that have come."""
        return events(self.answer.text)

    @property
    def told(self) -> list[dict[str, Any]]:
        """The notifications and requests of the server that have come."""
        return notices(self.answer.text)

    def comes_to(self, look: Callable[[Stream], bool], seconds: float = HEARD_SECONDS) -> bool:
        """Tell whether something is so of it within so many seconds."""
        return wait_for(lambda: look(self), seconds)


@contextmanager
def listening(
    line: Wire, request: Request, key: str | None, *, seconds: float = OPEN_SECONDS
) -> Generator[Stream]:
    """Have a stream read while the block lasts, ``seconds`` at most; it has begun, or failed to."""
    stream, patient = Stream(seconds), line.derived(seconds=HEAD_SECONDS)
    what = "the end of a stream that was closed"
    with beside(lambda _: stream.listen(patient, request, key), what, seconds + HEAD_SECONDS):
        try:
            wait_for(lambda: stream.has_begun, BEGIN_SECONDS)
            yield stream
        finally:
            stream.close()
