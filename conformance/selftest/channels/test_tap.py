"""The tap: what it passes on, when it asks, and what it makes of what was said."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

import pytest

from conformance.channels.programs.pooled import left_on, used, was_entered
from conformance.channels.sql.tap import messages
from conformance.channels.sql.tap.line import Seen
from conformance.channels.sql.tap.messages import Message, Stream
from conformance.channels.sql.tap.tap import Tap
from conformance.waiting import beside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 5.0
TINY = 0.5
SETTING = "app.tenant"
LEFT = "tenant-1"


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack(">i", len(body) + 4) + body


READY = {state: message(b"Z", state) for state in (b"I", b"T", b"E")}


class Backend:
    """Greets one client, and is ready in a state after each message that asks for that."""

    def __init__(self, state: bytes) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(SECONDS)
        self.state, self.asked = state, bytearray()

    def serve(self, _: Callable[[], bool]) -> None:
        """Serve one client until it leaves."""
        line, _ = self.listener.accept()
        stream = Stream()
        with line:
            line.settimeout(SECONDS)
            line.recv(struct.unpack(">i", line.recv(4))[0] - 4)
            line.sendall(message(b"R", bytes(4)) + READY[b"I"])
            while data := line.recv(65536):
                for one in stream.feed(data):
                    self.asked += one.kind
                    line.sendall(self.answer(one))

    def answer(self, one: Message) -> bytes:
        """Return what a message is answered with."""
        if one.kind == b"E":
            row = struct.pack(">hi", 1, len(LEFT)) + LEFT.encode()
            return message(b"D", row) + message(b"C", b"SELECT 1\0")
        return READY[self.state] if one.kind in b"QS" else b""


def opened(tap: Tap) -> socket.socket:
    client = socket.create_connection((tap.host, tap.port), SECONDS)
    client.sendall(struct.pack(">ii", 8, messages.TLS_REQUEST))
    assert client.recv(1) == b"N"
    client.sendall(struct.pack(">ii", 8, 196608))
    read(client, READY[b"I"])
    return client


def read(client: socket.socket, end: bytes) -> bytes:
    data = b""
    while not data.endswith(end):
        part = client.recv(1)
        assert part, data
        data += part
    return data


@pytest.fixture
def tapped(request: pytest.FixtureRequest) -> Iterator[tuple[Tap, socket.socket, Backend]]:
    backend = Backend(getattr(request, "param", b"I"))
    port = backend.listener.getsockname()[1]
    with (
        backend.listener,
        beside(backend.serve, "the end of a backend", SECONDS),
        Tap(f"host=127.0.0.1 port={port}") as tap,
        opened(tap) as client,
    ):
        yield tap, client, backend


Tapped = tuple[Tap, socket.socket, Backend]


def test_a_connection_at_rest_is_asked_and_the_client_hears_nothing_of_it(tapped: Tapped) -> None:
    tap, client, _ = tapped
    client.sendall(message(b"Q", b"SELECT 'secret', 2\0"))
    read(client, READY[b"I"])
    (seen,) = tap.look(SETTING)
    assert (seen.context, seen.state, seen.said) == (LEFT, "I", ("SELECT '…', 2",))
    client.sendall(message(b"Q", b"SELECT 3\0"))
    assert read(client, READY[b"I"]) == READY[b"I"]


def test_a_tap_that_holds_passes_nothing_on_ends_nothing_and_loses_nothing(tapped: Tapped) -> None:
    tap, client, backend = tapped
    with tap.holding():
        client.sendall(message(b"Q", b"SELECT 1\0"))
        client.settimeout(TINY)
        with pytest.raises(TimeoutError):
            client.recv(1)
        asked = bytes(backend.asked)
        with socket.create_connection((tap.host, tap.port), SECONDS) as late:
            late.sendall(struct.pack(">ii", 8, messages.TLS_REQUEST))
            late.settimeout(TINY)
            with pytest.raises(TimeoutError):
                late.recv(1)
    client.settimeout(SECONDS)
    assert read(client, READY[b"I"]) == READY[b"I"]
    assert bytes(backend.asked) == asked + b"Q"


@pytest.mark.parametrize("tapped", [b"T"], indirect=True)
def test_a_transaction_is_asked_once_something_was_done_in_it(tapped: Tapped) -> None:
    tap, client, _ = tapped
    for statement, context in ((b"BEGIN\0", None), (b"SELECT 1\0", LEFT)):
        client.sendall(message(b"Q", statement))
        read(client, READY[b"T"])
        assert [one.context for one in tap.look(SETTING)] == [context]


@pytest.mark.parametrize("tapped", [b"E"], indirect=True)
def test_a_failed_transaction_is_not_asked(tapped: Tapped) -> None:
    tap, client, _ = tapped
    client.sendall(message(b"Q", b"SELECT 1\0"))
    read(client, READY[b"E"])
    assert [one.context for one in tap.look(SETTING)] == [None]


def test_nothing_is_asked_between_a_clients_messages_that_belong_together(tapped: Tapped) -> None:
    tap, client, backend = tapped
    client.sendall(message(b"P", b"\0SELECT 1\0\0\0") + message(b"H"))
    assert [one.context for one in tap.look(SETTING)] == [None]
    assert bytes(backend.asked) == b"PH"


def test_what_is_asked_touches_nothing_without_a_name() -> None:
    parts = Stream().feed(messages.question(SETTING))
    assert b"".join(part.kind for part in parts) == b"PBECCS"
    assert all(part.body.lstrip(b"PS")[:1] not in {b"\0", b""} for part in parts[:-1])


def test_a_clients_first_message_tells_its_role() -> None:
    opening = struct.pack(">ii", 0, 196608) + b"database\0notes\0user\0app\0\0"
    assert (messages.user_of(opening), messages.user_of(opening[:8])) == ("app", "")


def test_what_is_no_protocol_is_refused() -> None:
    with pytest.raises(ValueError, match="no message"):
        Stream().feed(b"Q\0\0\0\1more")


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (("SELECT a FROM keys",), 0),
        (("BEGIN", "SELECT a FROM keys"), 1),
        (("BEGIN", "SELECT set_config($1, $2, false)", "SELECT a FROM keys"), None),
        (("DISCARD ALL", "SELECT a FROM keys"), None),
        (("SELECT 1",), None),
        ((), None),
    ],
)
def test_a_statement_counts_that_nothing_before_it_may_have_cleared(
    said: tuple[str, ...], found: int | None
) -> None:
    assert was_entered(said) == (None if found is None else said[found])


def test_only_a_tenant_of_the_profile_outside_a_transaction_is_left() -> None:
    def seen(number: int, context: str | None, state: str = "I") -> Seen:
        return Seen(number, state, 1, ("SELECT 1",), context, is_closed=False)

    found = [seen(1, "A"), seen(2, ""), seen(3, None), seen(4, "none"), seen(5, "a", "T")]
    assert [one.number for one in left_on(found, ["a"])] == [1]
    assert used([], found[:1]) == {1: ("SELECT 1",)}
    assert used(found, found) == {}
