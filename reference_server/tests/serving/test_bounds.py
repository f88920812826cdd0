"""One client's bytes end that client's connection, and nobody else's."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from reference_server.core.settings import Limits
from reference_server.observability.logs import LOGGER
from reference_server.serving.budget import Budget
from reference_server.serving.parser import SLICE
from reference_server.tests.asking import ACCEPT, SESSIONS, open_session
from reference_server.tests.fakes import KEY_A, World
from reference_server.tests.live import serving
from reference_server.tests.serving.sockets import connected, read_all, read_answers
from reference_server.tests.waiting import becomes_true

if TYPE_CHECKING:
    import socket
    from collections.abc import Generator

CHUNKED = b"POST /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
FLOOD = 64 * 1024 * 1024
"""More than the buffers of both ends can hold."""


@pytest.fixture(scope="module")
def origin() -> Generator[str]:
    """The origin of this module's one server."""
    limits = Limits(address_requests=10_000, tenant_requests=10_000, failures=10_000)
    with serving(World(limits=limits)) as served:
        yield served


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


@pytest.mark.parametrize(("more", "status"), [(0, b"200"), (1, b"400")])
def test_a_head_has_so_many_fields_and_no_more(origin: str, more: int, status: bytes) -> None:
    fields = b"a:\r\n" * (Budget().fields - 2 + more)
    with connected(origin) as connection:
        connection.sendall(
            b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + fields + b"\r\n"
        )
        assert read_all(connection).startswith(b"HTTP/1.1 " + status)


def pipelined(*paths: str) -> bytes:
    """Return requests that come at once."""
    return b"".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in paths)


def test_requests_that_wait_are_answered_in_their_order(origin: str) -> None:
    # All of them may wait: the answer before the first may be whole and not yet have ended.
    paths = ["/health", "/nowhere"] * (Budget().queued_requests // 2)
    with connected(origin) as connection:
        for _ in range(3):
            connection.sendall(pipelined(*paths))
            assert read_answers(connection, len(paths)) == [200, 401] * (len(paths) // 2)


def test_the_last_request_that_may_wait_is_the_connections_last(origin: str) -> None:
    most = 1 + Budget().queued_requests
    with connected(origin) as connection:
        connection.sendall(pipelined(*["/health"] * 3 * most))
        answers = read_all(connection)
    assert answers.count(b"HTTP/1.1 200 OK") == most
    assert answers.count(b"connection: close") == 1
    assert answers.rindex(b"HTTP/1.1") < answers.index(b"connection: close")


def test_whoever_never_stops_asking_is_cut_off(origin: str) -> None:
    with connected(origin) as connection:
        assert is_cut(connection, pipelined(*["/"] * 8192))
    assert httpx.get(f"{origin}/health").status_code == 200


@contextmanager
def streaming(origin: str) -> Generator[socket.socket]:
    """A connection on which a stream of events has begun."""
    session = open_session(origin, KEY_A)
    host = origin.removeprefix("http://")
    head = f"GET /mcp HTTP/1.1\r\nHost: {host}\r\nX-Api-Key: {KEY_A}\r\nAccept: {ACCEPT}\r\n"
    asked = f"{head}MCP-Protocol-Version: {SESSIONS}\r\nMcp-Session-Id: {session}\r\n\r\n"
    with connected(origin) as connection:
        connection.sendall(asked.encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        yield connection


def test_a_stream_ends_with_its_connection_though_another_request_waits(
    origin: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, LOGGER)

    def has_ended() -> bool:
        ended = [getattr(record, "fields", {}) for record in caplog.records]
        return any(one.get("method") == "GET" and one["path"] == "/mcp" for one in ended)

    with streaming(origin) as connection:
        connection.sendall(pipelined("/health"))
        assert not has_ended()
    assert becomes_true(has_ended)


def test_nonsense_after_a_request_does_not_get_into_the_stream_before_it(origin: str) -> None:
    with streaming(origin) as connection:
        connection.sendall(CHUNKED + b"\r\nnonsense\r\n")
        assert b"HTTP/1.1" not in read_all(connection)


@pytest.mark.parametrize(
    "head",
    [
        b"GET /health HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nhost: x\r\n\r\n",
        b"GET /health HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET /health\r\n\r\n",
        b"GET /health HTTP/0.9\r\nHost: x\r\n\r\n",
        b"GET /health HTTP/1.7\r\nHost: x\r\n\r\n",
        CHUNKED.replace(b"1.1", b"1.0") + b"\r\n0\r\n\r\n",
        CHUNKED + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        CHUNKED.replace(b"chunked", b"identity") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        CHUNKED.replace(b"chunked", b"identity, chunked") + b"\r\n0\r\n\r\n",
        CHUNKED.replace(b"chunked", b"identity") + b"\r\n",
        CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n",
    ],
)
def test_a_head_that_others_may_read_otherwise_is_refused(origin: str, head: bytes) -> None:
    with connected(origin) as connection:
        connection.sendall(head)
        assert read_all(connection).startswith(b"HTTP/1.1 400 ")


def test_an_old_request_needs_no_host(origin: str) -> None:
    with connected(origin) as connection:
        connection.sendall(b"GET /health HTTP/1.0\r\n\r\n")
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")
