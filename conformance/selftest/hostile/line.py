"""A server of bare sockets: what it says on each connection is one function."""

from __future__ import annotations

import re
import socket
import struct
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Generator

    Play = Callable[["Line"], None]

HOLD_SECONDS = 60.0
"""How long a server that says nothing keeps a connection, longer than any judge should."""
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_CHUNK = 1 << 16


class Line:
    """One connection, seen from the server. OSError from any of it ends the play."""

    def __init__(self, connection: socket.socket, stop: threading.Event, number: int) -> None:
        self.number = number
        self._connection, self._stop = connection, stop
        self._rest = b""

    def request(self) -> bytes:
        """Read one whole request and return its head; OSError when there is no more."""
        head = self.head()
        self.body(int(found[1]) if (found := _LENGTH.search(head)) else 0)
        return head

    def head(self) -> bytes:
        """Read the head of a request, and return it."""
        while b"\r\n\r\n" not in self._rest:
            self._read()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        return head

    def body(self, length: int) -> None:
        """Read the body of a request."""
        while len(self._rest) < length:
            self._read()
        self._rest = self._rest[length:]

    def _read(self) -> None:
        piece = self._connection.recv(_CHUNK)
        if not piece:
            raise ConnectionResetError("the client is gone")
        self._rest += piece

    def send(self, *pieces: bytes) -> None:
        """Send some bytes."""
        for piece in pieces:
            self._connection.sendall(piece)

    def for_ever(self, piece: bytes) -> None:
        """Send the same bytes until the client goes away."""
        while not self._stop.is_set():
            self._connection.sendall(piece)

    def drip(self, text: bytes, seconds: float) -> None:
        """Send bytes one by one, each after a wait, and begin again at the end."""
        at = 0
        while not self._stop.wait(seconds):
            self._connection.sendall(text[at % len(text) :][:1])
            at += 1

    def hold(self) -> None:
        """Keep the connection, and say nothing."""
        self._stop.wait(HOLD_SECONDS)

    def reset(self) -> None:
        """Break the connection off instead of closing it."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()


@contextmanager
def playing(play: Play, tls: ssl.SSLContext | None = None) -> Generator[str]:
    """Serve a play on a free port; yields the MCP URL."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        accepting = threading.Thread(target=_accept, args=(listener, play, tls, stop), daemon=True)
        accepting.start()
        try:
            scheme = "http" if tls is None else "https"
            yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/mcp"
        finally:
            stop.set()
            listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            accepting.join(5)


def _accept(
    listener: socket.socket, play: Play, tls: ssl.SSLContext | None, stop: threading.Event
) -> None:
    number = 0
    while not stop.is_set():
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        number += 1
        words = (connection, play, tls, stop, number)
        threading.Thread(target=_serve, args=words, daemon=True).start()


def _serve(
    connection: socket.socket,
    play: Play,
    tls: ssl.SSLContext | None,
    stop: threading.Event,
    number: int,
) -> None:
    try:
        connection.settimeout(HOLD_SECONDS)
        with connection:
            if tls is None:
                play(Line(connection, stop, number))
                return
            with tls.wrap_socket(connection, server_side=True) as packed:
                play(Line(packed, stop, number))
    except OSError:
        return  # the client has had enough, as it should
