"""Connections of one client: how many are let in, what is said on them, and what a server holds."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from conformance.channels.http import crowd as module
from conformance.channels.http.crowd import Crowd, each
from conformance.channels.http.transcript import Transcript
from conformance.channels.http.wire import Wire
from conformance.channels.memory import MIB, memory_of
from conformance.forge.halves import Halves
from conformance.forge.requests import STATELESS, opening
from conformance.manners.addresses import AddressPool
from conformance.manners.budget import Budget
from conformance.profile.memory import Memory
from conformance.profile.reading import from_url
from conformance.text.redaction import Redactor
from conformance.verdicts import NotEstablishedError
from conformance.waiting import OverdueError, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

ROOM = 3
SECONDS = 5.0
TINY = 0.2


class Server:
    """Lets in so many, and hangs up on all others; ``heard`` is what each has said."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.kept, self.heard = list[socket.socket](), list[bytes]()
        self.is_hearing = True

    def serve(self) -> None:
        """Accept until the socket is shut."""
        while True:
            try:
                line, _ = self.socket.accept()
            except OSError:
                return
            if len(self.kept) >= ROOM:
                line.close()
                continue
            self.kept.append(line)
            if self.is_hearing:
                line.settimeout(SECONDS)
                self.heard.append(line.recv(1 << 16))


@contextmanager
def serving() -> Generator[tuple[Server, Wire]]:
    server = Server()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    target = from_url(f"http://127.0.0.1:{server.socket.getsockname()[1]}/mcp")
    budget = Budget(AddressPool(target, 0), target.limits)
    wire = Wire(target, STATELESS, budget, Transcript(Redactor({})))
    try:
        yield server, wire
    finally:
        server.socket.shutdown(socket.SHUT_RDWR)
        thread.join(SECONDS)
        server.socket.close()
        for line in server.kept:
            line.close()
        wire.close()


def test_what_a_server_closes_does_not_stand_open() -> None:
    with serving() as (server, wire), Crowd(wire, "127.0.0.1") as crowd:
        crowd.open([b"a"] * (ROOM + 2))
        assert wait_for(lambda: crowd.still_open() == ROOM, SECONDS)
        assert server.heard == [b"a"] * ROOM


def test_who_takes_nobody_in_is_not_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ONE_SECONDS", TINY)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as waiting:
        port = full.getsockname()[1]
        for _ in range(4):  # more than may wait to be accepted
            with suppress(TimeoutError):
                waiting.enter_context(socket.create_connection(("127.0.0.1", port), TINY))
        target = from_url(f"http://127.0.0.1:{port}/mcp")
        wire = Wire(
            target,
            STATELESS,
            Budget(AddressPool(target, 0), target.limits),
            Transcript(Redactor({})),
        )
        with Crowd(wire, None) as crowd:
            crowd.open([b""])
            assert (crowd.refused, crowd.still_open()) == (1, 0)
        wire.close()


def test_a_crowd_comes_from_its_address_and_is_gone_at_its_end() -> None:
    with serving() as (server, wire):
        with Crowd(wire, "127.0.0.77") as crowd:
            crowd.open([*each(2, b"one", b"two")])
            assert wait_for(lambda: server.heard == [b"one", b"two"], SECONDS)
            assert {line.getpeername()[0] for line in server.kept} == {"127.0.0.77"}
        with pytest.raises(ConnectionResetError):
            server.kept[0].recv(1)


def test_a_flood_ends_with_its_bytes_or_where_nobody_reads() -> None:
    with serving() as (server, wire):
        server.is_hearing = False
        with Crowd(wire, "127.0.0.1") as crowd:
            crowd.open([b"a"])
            crowd.flood(b"b" * 1000, 5000)
            assert wait_for(crowd.has_said_all, SECONDS)
            assert 5000 <= crowd.sent <= 6001
        with Crowd(wire, "127.0.0.1") as unread:
            unread.open([b"a"])
            unread.flood(b"b" * 65536, 1 << 30, seconds=0.3)
            assert wait_for(unread.has_said_all, SECONDS)
            assert unread.sent < 1 << 30


def test_a_flood_that_dies_is_heard_and_hides_no_accusation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def die(*_: object) -> None:
        raise ValueError("of ours")

    def flood(wire: Wire, then: Callable[[Crowd], object]) -> None:
        with Crowd(wire, "127.0.0.1") as crowd:
            crowd.flood(b"b", 1)
            then(crowd)

    def accuse(_: Crowd) -> None:
        raise AssertionError("the server hangs")

    monkeypatch.setattr(Crowd, "_go_on", die)
    with serving() as (_, wire):
        with pytest.raises(ValueError, match="of ours"):
            flood(wire, lambda _: None)
        with pytest.raises(ValueError, match="of ours"):
            flood(wire, lambda crowd: wait_for(crowd.has_said_all, SECONDS))
        with pytest.raises(AssertionError, match="the server"):
            flood(wire, accuse)


def test_a_flood_that_does_not_end_is_not_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    def hang(*_: object) -> None:
        ended.wait(SECONDS)

    monkeypatch.setattr(Crowd, "_go_on", hang)
    monkeypatch.setattr(module, "FLOOD_SECONDS", TINY)
    with serving() as (_, wire), pytest.raises(OverdueError), Crowd(wire, None) as crowd:
        crowd.flood(b"b", 1)
    ended.set()


def test_a_half_lacks_its_end_and_a_whole_has_all() -> None:
    halves = Halves(opening(STATELESS), "h:1", "/mcp", (("X-Api-Key", "k"),))
    body = opening(STATELESS).body or b""
    whole = halves.whole()
    assert whole.startswith(b"POST /mcp HTTP/1.1\r\nHost: h:1\r\nUser-Agent: ")
    assert whole.endswith(b"\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    assert b"\r\nX-Api-Key: k\r\n" in whole
    assert b"\r\n\r\n" not in halves.head()
    assert halves.body().endswith(b"\r\nContent-Length: 64\r\n\r\n{")
    head, _, rest = halves.trailer().partition(b"\r\n\r\n")
    assert head.endswith(b"Transfer-Encoding: chunked")
    assert rest.startswith(b"%x\r\n%s\r\n0\r\n" % (len(body), body))
    assert not rest.endswith(b"\r\n")


def test_memory_is_that_of_a_process_or_what_a_command_prints() -> None:
    assert memory_of(Memory(pid=os.getpid())) > MIB
    assert memory_of(Memory(command=("echo", "4096"))) == 4096


@pytest.mark.parametrize(
    ("channel", "words"),
    [
        (Memory(command=("echo", "much")), r"\[channels.memory\] command printed no number"),
        (Memory(pid=2**22 + 1), r"\[channels.memory\] pid 4194305"),
    ],
)
def test_memory_that_cannot_be_seen_is_undecided(channel: Memory, words: str) -> None:
    with pytest.raises(NotEstablishedError, match=words):
        memory_of(channel)


def test_memory_is_seen_in_one_way() -> None:
    for given in ({}, {"pid": 1, "command": ("x",)}):
        with pytest.raises(ValueError, match="name either pid or command"):
            Memory.model_validate(given)
