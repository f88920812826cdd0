"""Connections that bring no request: how many there may be, and for how long."""

from __future__ import annotations

import logging
import resource
from contextlib import ExitStack
from ipaddress import ip_network
from typing import TYPE_CHECKING

import httpx
import pytest

from reference_server.core.settings import Limits
from reference_server.observability.logs import LOGGER
from reference_server.serving.budget import Budget
from reference_server.serving.door import Door
from reference_server.tests.fakes import World
from reference_server.tests.live import serving
from reference_server.tests.serving.sockets import connected, read_all, read_answers
from reference_server.tests.waiting import becomes_true

if TYPE_CHECKING:
    import socket
    from collections.abc import Generator

HALF = b"GET /health HTTP/1.1\r\nHost: x\r\nX: a"
WHOLE = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
TICK = 0.05


@pytest.fixture(scope="module")
def hasty() -> Generator[str]:
    """The origin of a server that waits for heads for a moment only."""
    limits = Limits(address_requests=10_000, tenant_requests=10_000, failures=10_000)
    with serving(World(limits=limits), Budget(head_seconds=0.4)) as served:
        yield served


def ask(connection: socket.socket) -> bool:
    """Send a request; tell whether it is answered with 200."""
    try:
        connection.sendall(WHOLE)
        return read_answers(connection, 1) == [200]
    except ConnectionError:
        return False


@pytest.mark.parametrize("begun", [b"", b"\r\n", b"G", HALF], ids=["none", "blank", "one", "half"])
def test_a_head_that_does_not_come_ends_its_connection(hasty: str, begun: bytes) -> None:
    with connected(hasty) as connection:
        connection.sendall(begun)
        assert read_all(connection) == b""


@pytest.mark.parametrize("part", [b"a", b"a\r\nX: "], ids=["value", "fields"])
def test_a_head_that_drips_ends_its_connection(hasty: str, part: bytes) -> None:
    assert has_dripped_until_cut(hasty, HALF, part)


def test_blank_lines_are_no_beginning(hasty: str) -> None:
    assert has_dripped_until_cut(hasty, b"", b"\r\n")


def ignore(_reason: str) -> None:
    """Say nothing: there is no event loop."""


def has_dripped_until_cut(origin: str, begun: bytes, part: bytes) -> bool:
    """Send a part now and then, for many times as long as a head may take."""
    with connected(origin) as connection:
        connection.sendall(begun)
        connection.settimeout(TICK)
        for _ in range(100):
            try:
                connection.sendall(part)
                if not connection.recv(1):
                    return True
            except TimeoutError:
                continue
            except ConnectionError:
                return True
    return False


@pytest.mark.parametrize("together", [True, False], ids=["together", "one by one"])
def test_a_later_head_has_no_more_time_than_the_first(hasty: str, together: bool) -> None:  # noqa: FBT001
    with connected(hasty) as connection:
        if together:
            connection.sendall(WHOLE + HALF)
        else:
            assert ask(connection)
            connection.sendall(HALF)
        read_all(connection)
    assert httpx.get(f"{hasty}/health").status_code == 200


def test_a_connection_may_be_idle_between_requests_for_longer(hasty: str) -> None:
    with connected(hasty) as idle, connected(hasty) as late:
        assert ask(idle)
        late.sendall(HALF)
        assert read_all(late) == b""
        assert ask(idle)


def test_heads_that_come_in_parts_but_in_time_may_follow_one_another(hasty: str) -> None:
    with connected(hasty) as connection, connected(hasty) as late:
        late.settimeout(TICK)
        connection.sendall(WHOLE[:9])
        for _ in range(100):
            connection.sendall(WHOLE[9:] + WHOLE[:9])
            assert read_answers(connection, 1) == [200]
            try:
                assert late.recv(1) == b""
                break
            except TimeoutError:
                continue
        connection.sendall(WHOLE[9:])
        assert read_answers(connection, 1) == [200]


def test_one_address_leaves_room_for_the_others(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, LOGGER)
    with serving(World(), Budget(connections_per_address=3)) as origin:
        with ExitStack() as held:
            for _ in range(3):
                held.enter_context(connected(origin, "127.0.0.2"))
            for _ in range(4):
                with connected(origin, "127.0.0.2") as refused:
                    assert read_all(refused) == b""
            with connected(origin, "127.0.0.3") as other:
                assert ask(other)
        assert becomes_true(lambda: is_open_to(origin, "127.0.0.2"))

        def told() -> int:
            lines = [getattr(one, "fields", {}).get("closed", {}) for one in caplog.records]
            return sum(line.get("too_many_of_one_address", 0) for line in lines)

        assert becomes_true(lambda: told() >= 4)


def is_open_to(origin: str, source: str) -> bool:
    """Tell whether an address gets an answer."""
    with connected(origin, source) as connection:
        return ask(connection)


def test_all_addresses_together_leave_files_for_the_server() -> None:
    with serving(World(), Budget(connections=3)) as origin, ExitStack() as held:
        for number in range(3):
            held.enter_context(connected(origin, f"127.0.0.{number + 2}"))
        assert not is_open_to(origin, "127.0.0.9")
        held.close()
        assert becomes_true(lambda: is_open_to(origin, "127.0.0.9"))


def test_a_trusted_proxy_brings_the_connections_of_many() -> None:
    world = World(trusted_proxies=(ip_network("127.0.0.1"),))
    with serving(world, Budget(connections_per_address=1)) as origin:
        with connected(origin), connected(origin) as second:
            assert ask(second)
        with connected(origin, "127.0.0.2"):
            assert not is_open_to(origin, "127.0.0.2")


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "", False),
    ],
)
def test_an_address_is_what_a_client_cannot_choose(
    monkeypatch: pytest.MonkeyPatch,
    first: str,
    second: str,
    is_one: bool,  # noqa: FBT001
) -> None:
    door = Door(Budget(connections_per_address=1))
    monkeypatch.setattr(door, "tell", ignore)
    assert door.admit(first) is not None
    assert (door.admit(second) is None) == is_one


@pytest.mark.parametrize(("files", "most"), [(130, 2), (4, 1), (resource.RLIM_INFINITY, 4)])
def test_the_files_of_the_process_bound_its_connections(
    monkeypatch: pytest.MonkeyPatch, files: int, most: int
) -> None:
    def limits(_kind: int) -> tuple[int, int]:
        return files, files

    monkeypatch.setattr(resource, "getrlimit", limits)
    door = Door(Budget(connections=4, reserved_files=128))
    monkeypatch.setattr(door, "tell", ignore)
    admitted = [door.admit(f"192.0.2.{number}") is not None for number in range(6)]
    assert admitted == [True] * most + [False] * (6 - most)
