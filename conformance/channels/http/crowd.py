"""Connections of one client, kept open: what is said on each is whole, or a half that waits.

Sockets of our own, since no client library leaves a request unfinished. What stands still costs the
judge nothing while others are timed.
"""

from __future__ import annotations

import resource
import selectors
import socket
import ssl
import struct
import time
from contextlib import contextmanager, suppress
from itertools import cycle, islice
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from conformance.channels.http.transport import trust
from conformance.waiting import Crew

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from typing import Self

    from conformance.channels.http.wire import Wire

OPEN_SECONDS = 2.0
"""How long it may take to open them all."""
_ONE_SECONDS = 0.25
_MOST_REFUSED = 3
"""Connections that may come to nothing: a server that accepts no more has as many as it takes."""
FLOOD_SECONDS = 1.5
"""How long is sent what has no end."""
_PIECE = 1 << 16
_AT_ONCE = struct.pack("ii", 1, 0)
"""The option by which a connection is reset when it is closed."""
_RESERVED_FILES = 128
"""Files that the judge keeps for what else it has open."""


def room_for(count: int) -> int:
    """Return how many connections of so many this process may have."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return count
    return max(1, min(count, files - _RESERVED_FILES))


class Crowd:
    """What one client, at an address, has open. Use it as a context manager: all of it is closed.

    ``refused`` counts what could not be opened.
    """

    def __init__(self, line: Wire, address: str | None) -> None:
        parts = urlsplit(line.target.url)
        self.authority = parts.netloc
        port = parts.port or (443 if parts.scheme == "https" else 80)
        self._place = (parts.hostname or "", port)
        is_tls = parts.scheme == "https"
        self._tls = trust(line.target.target.ca_bundle) if is_tls else None
        self._address, self._lines = address, list[socket.socket]()
        self._flood: Crew | None = None
        self._is_closed, self._seconds, self._spent = False, FLOOD_SECONDS, 0.0
        self.sent = 0
        self.refused = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self._is_closed = True
        try:
            if self._flood is not None:
                self._flood.wait(FLOOD_SECONDS)
        except Exception:
            # What the block found comes first: a flood that died takes no accusation back.
            if error is None:
                raise
        finally:
            self._close()

    def _close(self) -> None:
        for line in self._lines:
            with suppress(OSError):
                # What is still on its way is thrown away: nobody is to read it after the end.
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                line.close()

    def open(self, said: Sequence[bytes]) -> None:
        """Open a connection for each, and say it there as far as it is taken at once."""
        deadline = time.monotonic() + OPEN_SECONDS
        for words in said:
            if time.monotonic() > deadline or self.refused >= _MOST_REFUSED:
                return
            try:
                line = self._connected()
                self._lines.append(line)
                line.settimeout(0)  # takes what there is room for
                self.sent += line.send(words) if words else 0
            except OSError:
                self.refused += 1

    def flood(self, piece: bytes, most: int, seconds: float = FLOOD_SECONDS) -> None:
        """Go on saying a piece on each, ``most`` bytes in all, while the check goes on."""
        self._seconds = seconds
        self._flood = Crew("pieces said without end")
        self._flood.start(lambda: self._go_on(piece, most))

    def has_said_all(self) -> bool:
        """Tell whether it goes on no more, whether all is said or the time for that is over.

        Raises what it died of: what was not said fills no memory.
        """
        return self._flood is None or self._flood.has_ended()

    def is_over(self) -> bool:
        """Tell whether it has ended by itself: it never does."""
        return False

    def spent(self) -> float:
        """Return the seconds of a processor that it has taken to go on."""
        return self._spent

    def part(self) -> str:
        """Return what of it is under way: it has no parts."""
        return ""

    def still_open(self) -> int:
        """Return how many the server has not closed; answers that came are read away."""
        return sum(map(_is_open, self._lines))

    def _connected(self) -> socket.socket:
        source = None if self._address is None else (self._address, 0)
        line = socket.create_connection(self._place, _ONE_SECONDS, source)
        if self._tls is None:
            return line
        try:
            return self._tls.wrap_socket(line, server_hostname=self._place[0])
        except BaseException:
            line.close()
            raise

    def _go_on(self, piece: bytes, most: int) -> None:
        deadline = time.monotonic() + self._seconds
        with selectors.DefaultSelector() as selector:
            for line in self._lines:
                selector.register(line, selectors.EVENT_WRITE)
            while selector.get_map() and self.sent < most and not self._is_closed:
                left = deadline - time.monotonic()
                if left <= 0:
                    return
                for key, _ in selector.select(min(left, 0.1)):
                    self._send(selector, cast("socket.socket", key.fileobj), piece)
                self._spent = time.thread_time()

    def _send(self, selector: selectors.BaseSelector, line: socket.socket, piece: bytes) -> None:
        try:
            self.sent += line.send(piece)
        except (BlockingIOError, ssl.SSLWantWriteError):
            return
        except OSError:
            selector.unregister(line)


def _is_open(line: socket.socket) -> bool:
    """Tell whether the other end has not closed; what has come is read away, a few pieces of it."""
    try:
        for _ in range(8):
            if not line.recv(_PIECE):  # bounded: the socket takes what there is
                return False
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False
    return True


@contextmanager
def crowded(line: Wire, address: str | None, fill: Callable[[Crowd], object]) -> Generator[Crowd]:
    """Have a client at an address do what ``fill`` does with its crowd while the block lasts."""
    with Crowd(line, address) as crowd:
        fill(crowd)
        yield crowd


def each(count: int, *words: bytes) -> Iterator[bytes]:
    """Yield ``count`` things to say: the words by turns."""
    return islice(cycle(words), count)
