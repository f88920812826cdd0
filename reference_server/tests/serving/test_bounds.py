"""One client's bytes end that client's connection, and nobody else's."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from reference_server.core.settings import Limits
from reference_server.serving.budget import Budget
from reference_server.serving.parser import SLICE
from reference_server.tests.fakes import World
from reference_server.tests.live import serving

if TYPE_CHECKING:
    from collections.abc import Generator

SECONDS = 10
"""How long a test waits for bytes or for an end."""

CHUNKED = b"POST /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
FLOOD = 64 * 1024 * 1024
"""More than the buffers of both ends can hold."""


@pytest.fixture(scope="module")
def origin() -> Generator[str]:
    """The origin of this module's one server."""
    limits = Limits(address_requests=10_000, tenant_requests=10_000, failures=10_000)
    with serving(World(limits=limits)) as served:
        yield served


@contextmanager
def connected(origin: str) -> Generator[socket.socket]:
    """A connection to the server."""
    url = httpx.URL(origin)
    with socket.create_connection((url.host, url.port or 0), timeout=SECONDS) as connection:
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


def is_cut(connection: socket.socket, block: bytes) -> bool:
    """Send the block over and over; tell whether the server ended the connection."""
    try:
        for _ in range(FLOOD // len(block)):
            connection.sendall(block)
    except ConnectionError:
        return True
    return False


@pytest.mark.parametrize(
    ("begun", "block"),
    [
        (b"0\r\nX: ", b"a" * 65536),
        (b"0\r\n", (b"X: " + b"a" * 1019 + b"\r\n") * 64),
        (b"1;", b"a" * 65536),
        (b"1;a=", b"a" * 512),
    ],
    ids=["one trailer", "many trailers", "an extension", "an extension in small parts"],
)
def test_what_is_no_body_does_not_go_on_for_ever(origin: str, begun: bytes, block: bytes) -> None:
    with connected(origin) as connection:
        connection.sendall(CHUNKED + b"\r\n" + begun)
        assert is_cut(connection, block)
    assert httpx.get(f"{origin}/health").status_code == 200


@pytest.mark.parametrize("begun", [b"0\r\nX: ", b"1;"], ids=["trailer", "extension"])
def test_too_long_a_framing_is_answered_with_400(origin: str, begun: bytes) -> None:
    more = b"a" * (Budget().framing_bytes + SLICE)
    with connected(origin) as connection:
        connection.sendall(CHUNKED + b"\r\n" + begun + more)
        assert read_all(connection).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "body",
    [
        b"0\r\nX: " + b"a" * 8192 + b"\r\n\r\n",
        b"1;" + b"a" * 8192 + b"\r\nx\r\n0\r\n\r\n",
        b"1\r\nx\r\n" * 20_000 + b"0\r\n\r\n",
    ],
    ids=["a trailer", "an extension", "small chunks"],
)
def test_permitted_framing_is_answered_as_ever(origin: str, body: bytes) -> None:
    with connected(origin) as connection:
        connection.sendall(CHUNKED + b"Connection: close\r\n\r\n" + body)
        assert read_all(connection).startswith(b"HTTP/1.1 401 ")
