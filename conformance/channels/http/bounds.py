"""What one exchange may cost, kept below the HTTP client: whoever sends, it ends in time.

A client library bounds each read by itself, so that a byte now and then lasts for ever.
"""

from __future__ import annotations

import selectors
import ssl
import time
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Generator, Iterable

MOST_HEAD_BYTES = 1 << 18
"""The most that is read before an answer's headers are complete, interim answers included."""
MOST_BYTES = 1 << 23
"""The most that is read of an answer as it comes over the line, chunk by chunk."""
_KEPT_SECONDS = 1.0
"""How long an idle connection is used again: servers close theirs after two seconds and more, and
a request on one that is being closed has no answer."""
_PIECE = 1 << 14
"""Bytes sent under one look at the clock."""
_NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_INTERIM = b"HTTP/1.1 1"
_USUAL, _NAMED = "1.1", b" HTTP/%s\r\n"
_START, _SHOWN = b"HTTP/", 40


class Allowance:
    """The time and the bytes that one exchange has left. ``deadline`` is monotonic."""

    def __init__(self, deadline: float) -> None:
        self._deadline, self._bytes = deadline, MOST_HEAD_BYTES
        self._start = b""
        self.send_on: Callable[[Allowance], None] = lambda _: None
        """Sends what was written last, and waits to be sent."""

    @property
    def is_over(self) -> bool:
        """Whether there is no time left."""
        return time.monotonic() >= self._deadline

    def seconds(self) -> float:
        """Return the seconds left. Raises httpcore.ReadTimeout when there are none."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the exchange has no time left")
        return left

    def count(self, received: bytes) -> None:
        """Take off what was received. Raises httpcore.RemoteProtocolError.

        That is when there is too much of it, or when it is seen from its start to be no HTTP: a
        parser would wait for the end of a head that never comes.
        """
        self._bytes -= len(received)
        if self._bytes < 0:
            raise httpcore.RemoteProtocolError("more bytes than an answer may have")
        if len(self._start) < len(_START):
            self._start = (self._start + received)[: len(_START)]
            if not _START.startswith(self._start):
                raise httpcore.RemoteProtocolError(f"it begins with {received[:_SHOWN]!r}")

    def shorten(self, seconds: float) -> None:
        """Allow no more than so many seconds from now on."""
        self._deadline = min(self._deadline, time.monotonic() + seconds)

    def prolong(self, seconds: float) -> None:
        """Allow so many seconds from now on, whatever was left."""
        self._deadline = time.monotonic() + seconds

    def expect_a_body(self) -> None:
        """Allow as much more as a body may take."""
        self._bytes = MOST_BYTES


_CURRENT: ContextVar[Allowance] = ContextVar("the exchange that this thread is in")


@contextmanager
def within(seconds: float) -> Generator[Allowance]:
    """Bound all that this thread does on bounded connections, in total."""
    allowance = Allowance(time.monotonic() + seconds)
    token = _CURRENT.set(allowance)
    try:
        yield allowance
    finally:
        _CURRENT.reset(token)


def send_on() -> None:
    """Send what this thread's exchange has written by now, though no answer is awaited yet."""
    allowance = _CURRENT.get()
    allowance.send_on(allowance)


class BoundedTransport(httpx.HTTPTransport):
    """HTTP from one client address, on connections that obey the allowance of their thread.

    ``version`` is that of HTTP which requests name: no client library speaks the old one. A server
    at an address that is not one it ``admits`` is told nothing, whatever name led there. Only to be
    used ``within`` an allowance; LookupError otherwise.
    """

    def __init__(
        self,
        address: str | None,
        trust: ssl.SSLContext,
        version: str = "1.1",
        admits: Callable[[str], bool] | None = None,
    ) -> None:
        super().__init__(verify=trust, local_address=address)
        # httpx has no argument for the connections below it; all else of it is wanted.
        self._pool = httpcore.ConnectionPool(
            ssl_context=trust,
            keepalive_expiry=_KEPT_SECONDS,
            local_address=address,
            network_backend=_Network(version, admits),
        )


class _Network(httpcore.NetworkBackend):
    def __init__(self, version: str, admits: Callable[[str], bool] | None) -> None:
        self._real, self._version, self._admits = httpcore.SyncBackend(), version, admits

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 -- the allowance is the bound
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = _CURRENT.get().seconds()
        line = self._real.connect_tcp(host, port, left, local_address, socket_options)
        address = str((line.get_extra_info("server_addr") or ("",))[0])
        if self._admits is not None and not self._admits(address):
            line.close()
            raise httpcore.ConnectError(f"{host} is at {address}, which is asked nothing")
        return BoundedStream(line, self._version)


def _is_final(early: bytes | bytearray) -> bool:
    """Tell whether what was heard is more than an interim answer, on which the body is awaited."""
    heads = bytes(early).split(b"\r\n\r\n")
    return any(len(head) > len(_INTERIM) and not head.startswith(_INTERIM) for head in heads)


class BoundedStream(httpcore.NetworkStream):
    """A connection, each step of which takes from the allowance; time-outs told to it do not.

    What is written goes out when an answer is awaited, head and body at once. A server that refuses
    a head and closes, while the body is still on its way, resets the connection, and its answer is
    lost. One that answers at once and reads no further is heard while the body is sent; after that,
    the connection is used no more.
    """

    def __init__(self, real: httpcore.NetworkStream, version: str = "1.1") -> None:
        self._real, self._version = real, version
        self._unsent = bytearray()
        self._early, self._is_spent = bytearray(), False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 -- see above
        """Send what is to be sent, and return what comes back."""
        allowance = _CURRENT.get()
        self._flush(allowance)
        if self._early:
            piece = bytes(self._early[:max_bytes])
            del self._early[:max_bytes]
            return piece
        piece = self._real.read(max_bytes, allowance.seconds())
        allowance.count(piece)
        return piece

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 -- see above
        """Remember what is to be sent."""
        _CURRENT.get().send_on = self._flush
        if not self._unsent and self._version != _USUAL:
            buffer = buffer.replace(_NAMED % _USUAL.encode(), _NAMED % self._version.encode(), 1)
        self._unsent += buffer

    def _flush(self, allowance: Allowance) -> None:
        """Send what is to be sent; who is interrupted may still find an answer to read."""
        waiting, self._unsent = bytes(self._unsent), bytearray()
        if not waiting:
            return
        line: socket.socket | None = self._real.get_extra_info("socket")
        if line is None or len(waiting) <= _PIECE:
            with suppress(httpcore.WriteError):
                self._real.write(waiting, allowance.seconds())
            return
        left = memoryview(waiting)
        try:
            line.settimeout(0)  # takes and gives what there is
            while left and not _is_final(self._early):
                left = left[self._sent_or_heard(line, left, allowance) :]
        except OSError:
            pass  # broken off: what there is to read tells how
        self._is_spent = bool(left)

    def _sent_or_heard(self, line: socket.socket, left: memoryview, allowance: Allowance) -> int:
        """Wait until the other end reads or speaks; hear it, or return how much it took."""
        with selectors.DefaultSelector() as selector:
            selector.register(line, selectors.EVENT_READ | selectors.EVENT_WRITE)
            events = next((what for _, what in selector.select(allowance.seconds())), 0)
        if events & selectors.EVENT_READ:
            with suppress(*_NOT_YET):
                # Of TLS, what can be read may be none of the answer.
                piece = line.recv(_PIECE)  # bounded: the socket takes what there is
                if not piece:
                    raise ConnectionResetError("the other end is gone")
                allowance.count(piece)
                self._early += piece
        if events & selectors.EVENT_WRITE:
            with suppress(*_NOT_YET):
                # In pieces: a reader that takes a little now and then is a drip, too.
                return line.send(left[:_PIECE])
        return 0

    def close(self) -> None:
        """Close the connection."""
        self._real.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 -- see above
    ) -> httpcore.NetworkStream:
        """Return this connection within TLS."""
        left = _CURRENT.get().seconds()
        real = self._real.start_tls(ssl_context, server_hostname, left)
        return BoundedStream(real, self._version)

    def get_extra_info(self, info: str) -> Any:
        """Return what is known of the connection itself."""
        if info == "is_readable" and self._is_spent:
            return True  # by this a pool knows a connection that it must not use again
        return self._real.get_extra_info(info)
