"""One HTTP/1.1 exchange on a raw socket, with the clock as close to the wire as Python gets.

A client library between the clock and the socket costs 1.3 to 3.5 times the samples; the figures
are in the notes on timing.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from typing import Self

SECONDS = 5.0
"""The longest a connection, or one exchange, may take."""
MOST_BYTES = 1 << 16
"""The most of an answer that is read."""
_CHUNK = 1 << 16
_LATE = 10**9
"""Nanoseconds after which the time that is left is looked at with every piece."""
_SHORTEST = 0.001
_HEAD_END = b"\r\n\r\n"
_CLOSES = {b"HTTP/1.1": False, b"HTTP/1.0": True}
_STATUS, _LENGTH = re.compile(rb"[1-9][0-9]{2}"), re.compile(rb"[0-9]{1,15}")
_NO_BODY = {204, 304}


class ExchangeError(NotEstablishedError):
    """No complete answer came, so there is no time to tell. The message says what came instead."""


@dataclass(frozen=True)
class Endpoint:
    """Where to connect, and the ``Host`` to ask for."""

    host: str
    port: int
    authority: str
    is_tls: bool

    @classmethod
    def of(cls, url: str) -> Self:
        """Return the endpoint of a URL. Raises ValueError for one without a host."""
        parts = urlsplit(url)
        if not parts.hostname:
            raise ValueError(f"{url}: has no host")
        is_tls = parts.scheme == "https"
        return cls(parts.hostname, parts.port or (443 if is_tls else 80), parts.netloc, is_tls)


@dataclass(frozen=True)
class Timed:
    """An answer's status, the nanoseconds it took, and whether the connection is over with it.

    ``ended`` is when it was there, on the clock that took its time.
    """

    status: int
    nanoseconds: int
    closes: bool
    ended: int


class Connection:
    """One connection. Raises ExchangeError when it cannot be had."""

    def __init__(
        self, endpoint: Endpoint, address: str | None, tls: ssl.SSLContext | None = None
    ) -> None:
        source = None if address is None else (address, 0)
        try:
            line = socket.create_connection((endpoint.host, endpoint.port), SECONDS, source)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if endpoint.is_tls:
                context = tls or ssl.create_default_context()
                line = context.wrap_socket(line, server_hostname=endpoint.host)
        except OSError as error:
            raise ExchangeError(f"no connection: {error}") from error
        self._line = line

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def ask(self, request: bytes, delay: int = 0, rest: int = 0) -> Timed:
        """Send one prepared request and time it, from just before the send to the last byte.

        ``delay`` is planted: so many nanoseconds pass between the start of the clock and the send.
        ``rest`` are those before the clock starts.
        Raises ExchangeError for anything but one complete, bounded HTTP answer.
        """
        line, received = self._line, b""
        line.settimeout(SECONDS)
        try:
            _spin(rest)
            started = time.perf_counter_ns()
            _spin(delay)
            line.sendall(request)
            while True:
                piece = line.recv(_CHUNK)
                ended = time.perf_counter_ns()
                received += piece
                answer = _complete(received, at_end=not piece)
                if answer is not None:
                    return Timed(answer[0], ended - started, answer[1] or not piece, ended)
                if not piece:
                    raise ExchangeError("the connection ended before the answer did")
                if len(received) > MOST_BYTES:
                    raise ExchangeError(f"the answer is longer than {MOST_BYTES} bytes")
                if ended - started > _LATE:  # what comes at once is spared the call
                    line.settimeout(max(_SHORTEST, SECONDS - (ended - started) / 1e9))
                if ended - started > SECONDS * 1e9:
                    raise ExchangeError(f"the answer took longer than {SECONDS:.0f} s")
        except OSError as error:
            raise ExchangeError(f"no answer: {error}") from error


def _complete(received: bytes, *, at_end: bool) -> tuple[int, bool] | None:
    """Return status and whether the server closes, once the whole answer is there."""
    status, lines, body = _head(received)
    while 100 <= status < 200:  # noqa: PLR2004 -- an interim answer: the real one follows
        status, lines, body = _head(body)
    if not status:
        return None
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(b":") for line in lines[1:])
    }
    said = headers.get(b"connection", b"").lower()
    is_old = _CLOSES[lines[0].split(b" ", 1)[0]]
    closes = b"close" in said or (is_old and b"keep-alive" not in said)
    return (status, closes) if _has_body(status, headers, body, at_end=at_end) else None


def _head(received: bytes) -> tuple[int, list[bytes], bytes]:
    """Return status, head lines and what follows; status 0 where the head is not complete."""
    head, found, body = received.partition(_HEAD_END)
    if not found:
        return 0, [], b""
    lines = head.split(b"\r\n")
    words = lines[0].split(b" ", 2)
    if len(words) < 2 or words[0] not in _CLOSES or not _STATUS.fullmatch(words[1]):  # noqa: PLR2004 -- version and status
        raise ExchangeError(f"the answer is not HTTP/1.1: {lines[0][:60]!r}")
    return int(words[1]), lines, body


def _has_body(status: int, headers: dict[bytes, bytes], body: bytes, *, at_end: bool) -> bool:
    if status in _NO_BODY:
        return True
    if b"chunked" in headers.get(b"transfer-encoding", b"").lower():
        return body.startswith(b"0\r\n") or b"\r\n0\r\n" in body
    length = headers.get(b"content-length")
    if length is None:
        return at_end
    if not _LENGTH.fullmatch(length):
        raise ExchangeError(f"the answer's length is not a number: {length[:20]!r}")
    return len(body) >= int(length)


def _spin(nanoseconds: int) -> None:
    """Let so many nanoseconds pass: too few to be awoken in time from any wait."""
    started = time.perf_counter_ns()
    while nanoseconds and time.perf_counter_ns() - started < nanoseconds:
        pass
