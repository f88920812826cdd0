"""Waits of the tap: neither a client, nor a database, nor an open line keeps it."""

from __future__ import annotations

import socket
import struct
import time
from typing import TYPE_CHECKING

import pytest

from conformance.channels.sql.tap.tap import Tap
from conformance.selftest.channels.test_tap import READY, Backend, message, opened
from conformance.waiting import beside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.sql.tap.messages import Message

TINY = 0.2
AMPLE = 30.0


class Mute(Backend):
    """Greets its client, and answers nothing after that."""

    def answer(self, one: Message) -> bytes:
        """Say that it is ready for what the client itself asks, and for nothing else."""
        return READY[b"I"] if one.kind == b"Q" else b""


@pytest.fixture
def mute() -> Iterator[Tap]:
    """Return a tap before a database that answers no question."""
    backend = Mute(b"I")
    with (
        backend.listener,
        beside(backend.serve, "the end of a backend", AMPLE),
        Tap(f"host=127.0.0.1 port={backend.listener.getsockname()[1]}") as tap,
    ):
        yield tap


def test_a_client_that_says_nothing_is_not_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.channels.sql.tap.tap.CONNECT_SECONDS", TINY)
    with Tap("host=127.0.0.1 port=1") as tap, _connected(tap) as client:
        client.sendall(b"\0\0")
        assert client.recv(1) == b""


def test_a_database_that_takes_nobody_in_ends_its_client() -> None:
    with Tap("host=127.0.0.1 port=1") as tap, _connected(tap) as client:
        client.sendall(struct.pack(">ii", 8, 196608))
        assert client.recv(1) == b""


def test_a_question_that_is_not_answered_is_given_up(
    monkeypatch: pytest.MonkeyPatch, mute: Tap
) -> None:
    monkeypatch.setattr("conformance.channels.sql.tap.line.ASK_SECONDS", TINY)
    with opened(mute) as client:
        client.sendall(message(b"Q", b"SELECT 1\0"))
        assert client.recv(len(READY[b"I"])) == READY[b"I"]
        assert [one.context for one in mute.look("app.tenant")] == [None]


def test_a_tap_ends_though_its_lines_are_open(mute: Tap) -> None:
    client = opened(mute)
    started = time.monotonic()
    mute.__exit__(None, None, None)
    assert time.monotonic() - started < AMPLE
    assert client.recv(1) == b""
    client.close()


def test_a_tap_that_holds_ends_with_its_lines_and_with_who_knocks(mute: Tap) -> None:
    with opened(mute) as client, mute.holding(), _connected(mute) as knocking:
        started = time.monotonic()
        mute.__exit__(None, None, None)
        assert time.monotonic() - started < AMPLE
        assert client.recv(1) == b""
        assert knocking.recv(1) == b""


def _connected(tap: Tap) -> socket.socket:
    return socket.create_connection((tap.host, tap.port), AMPLE)
