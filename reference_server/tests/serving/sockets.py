"""Plain sockets, for what no HTTP client would send."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Generator

SECONDS = 10
"""How long a test waits for bytes or for an end."""


@contextmanager
def connected(origin: str, source: str = "127.0.0.1") -> Generator[socket.socket]:
    """A connection to the server, from another address if need be."""
    url = httpx.URL(origin)
    server = (url.host, url.port or 0)
    with socket.create_connection(server, SECONDS, (source, 0)) as connection:
        yield connection


def read_all(connection: socket.socket) -> bytes:
    """Return what the server sends before it closes; a reset is an end, too."""
    answer = b""
    try:
        while part := connection.recv(65536):
            answer += part
    except ConnectionResetError:
        pass
    return answer


def read_answers(connection: socket.socket, count: int) -> list[int]:
    """Return the statuses of so many answers with a body of a known length, fewer at an end."""
    statuses: list[int] = []
    with connection.makefile("rb") as lines:
        while len(statuses) < count:
            status = lines.readline()
            if not status:
                return statuses
            statuses.append(int(status.split()[1]))
            length = 0
            while (line := lines.readline()) != b"\r\n":
                name, _, value = line.partition(b":")
                if name == b"content-length":
                    length = int(value)
            lines.read(length)
    return statuses
