"""Limits and blocks in Redis: exact across clients, on our clock, and refusing without Redis."""

from __future__ import annotations

import socket
import struct
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from reference_server.core.errors import ConfigurationError, StorageUnavailableError
from reference_server.demo.valkey import Valkey
from reference_server.limits.contracts import Budget
from reference_server.limits.limiter import MovingWindowLimiter
from reference_server.limits.shared import (
    ANSWER_SECONDS,
    ClockedRedis,
    SharedFailureBlock,
    connect_redis,
)
from reference_server.tests.fakes import FakeClock
from reference_server.tests.freezing import frozen
from reference_server.tests.waiting import becomes_true

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from redis import Redis

ADDRESS = "127.0.0.9"
AT_ONCE_SECONDS = 0.5
"""What a refusal takes that waits for nothing, on a busy machine."""


@pytest.fixture(scope="module")
def valkey() -> Generator[Valkey]:
    # A socket's path may not be longer than some hundred bytes, which pytest's folders can be.
    with tempfile.TemporaryDirectory() as folder, Valkey(Path(folder)) as started:
        yield started


@pytest.fixture
def client(valkey: Valkey) -> Generator[Redis]:
    made = connect_redis(valkey.url, None)
    cast("Any", made).flushall()
    yield made
    made.close()


def _limiter(client: Redis, clock: FakeClock, most: int, scope: str = "x") -> MovingWindowLimiter:
    storage = ClockedRedis(clock, client)
    return MovingWindowLimiter(clock, most, 60, storage=storage, scope=scope)


def _block(client: Redis, clock: FakeClock) -> SharedFailureBlock:
    return SharedFailureBlock(clock, client, failures=3, window=100, block=200)


def test_a_window_moves_with_our_clock(client: Redis) -> None:
    clock = FakeClock()
    limiter = _limiter(client, clock, 2)
    first = limiter.admit(ADDRESS)
    assert (first.admitted, first.budget()) == (True, Budget(remaining=1, reset_after=60))
    clock.advance(20)
    limiter.admit(ADDRESS)
    refused = limiter.admit(ADDRESS)
    assert (refused.admitted, refused.retry_after) == (False, 40)
    assert refused.budget() == Budget(remaining=0, reset_after=40)
    clock.advance(39.9)
    assert not limiter.admit(ADDRESS).admitted
    clock.advance(0.1)
    assert limiter.admit(ADDRESS).admitted, "waiting as long as told admits"
    assert not limiter.admit(ADDRESS).admitted


def test_subjects_and_scopes_have_budgets_of_their_own(client: Redis) -> None:
    clock = FakeClock()
    limiter = _limiter(client, clock, 1)
    assert limiter.admit("a").admitted
    assert limiter.admit("b").admitted
    assert _limiter(client, clock, 1, "another").admit("a").admitted
    assert not _limiter(client, clock, 1).admit("a").admitted


def test_many_clients_at_once_are_admitted_exactly_the_limit(valkey: Valkey, client: Redis) -> None:
    """Each client has a connection and a limiter of its own, as each worker process has."""
    clock, gate = FakeClock(), threading.Barrier(8)

    def work(_: int) -> int:
        own = connect_redis(valkey.url, None)
        limiter = _limiter(own, clock, 100)
        gate.wait()
        admitted = sum(limiter.admit(ADDRESS).admitted for _ in range(25))
        own.close()
        return admitted

    with ThreadPoolExecutor(8) as executor:
        assert sum(executor.map(work, range(8))) == 100
    assert ClockedRedis(clock, client).get("LIMITS:x/127.0.0.9/100/60/second") in {0, 100}


def test_a_clock_set_back_locks_nobody_out_for_longer_than_the_window(client: Redis) -> None:
    clock = FakeClock()
    limiter = _limiter(client, clock, 1)
    limiter.admit(ADDRESS)
    clock.advance(-3600)
    assert limiter.admit(ADDRESS).retry_after == 60
    clock.advance(60)
    assert limiter.admit(ADDRESS).admitted


def test_a_block_engages_once_and_ends_with_our_clock(client: Redis) -> None:
    clock = FakeClock()
    block, another = _block(client, clock), _block(client, clock)
    assert [block.record_failure(ADDRESS) for _ in range(2)] == [False, False]
    assert not another.is_blocked(ADDRESS)
    assert another.record_failure(ADDRESS)
    assert block.is_blocked(ADDRESS)
    assert not block.is_blocked("127.0.0.8")
    assert not block.record_failure(ADDRESS), "it is engaged already"
    clock.advance(199.9)
    assert block.is_blocked(ADDRESS)
    clock.advance(0.1)
    assert not block.is_blocked(ADDRESS)
    assert not block.record_failure(ADDRESS), "the count begins again"


def test_old_failures_do_not_count(client: Redis) -> None:
    clock = FakeClock()
    block = _block(client, clock)
    block.record_failure(ADDRESS)
    block.record_failure(ADDRESS)
    clock.advance(100)
    assert not block.record_failure(ADDRESS)


def test_without_redis_every_guard_refuses() -> None:
    with tempfile.TemporaryDirectory() as folder:
        with Valkey(Path(folder)) as valkey:
            gone = connect_redis(valkey.url, None)
            clock = FakeClock()
            limiter, block = _limiter(gone, clock, 5), _block(gone, clock)
            assert limiter.admit(ADDRESS).admitted
        with pytest.raises(StorageUnavailableError):
            limiter.admit(ADDRESS)
        with pytest.raises(StorageUnavailableError):
            block.is_blocked(ADDRESS)
        with pytest.raises(StorageUnavailableError):
            block.record_failure(ADDRESS)
        gone.close()


def test_a_frozen_redis_is_given_up_refuses_at_once_and_works_again() -> None:
    with tempfile.TemporaryDirectory() as folder, Valkey(Path(folder)) as valkey:
        client = connect_redis(valkey.url, None)
        limiter, clock = _limiter(client, FakeClock(), 5), FakeClock()
        block = _block(client, clock)
        assert limiter.admit(ADDRESS).admitted
        with frozen(_server_of(valkey)):
            took = [_refusing(lambda: limiter.admit(ADDRESS)) for _ in range(5)]
            assert took[0] < 3 * ANSWER_SECONDS
            assert sorted(took)[2] < AT_ONCE_SECONDS, "the others are refused at once"
            assert _refusing(lambda: block.is_blocked(ADDRESS)) < 3 * ANSWER_SECONDS
        assert becomes_true(lambda: _admits(limiter)), "it works again without a restart"
        client.close()


def test_a_redis_without_room_refuses() -> None:
    with tempfile.TemporaryDirectory() as folder, Valkey(Path(folder)) as valkey:
        client = connect_redis(valkey.url, None)
        limiter = _limiter(client, FakeClock(), 5)
        cast("Any", client).config_set("maxmemory", "1")
        with pytest.raises(StorageUnavailableError):
            limiter.admit(ADDRESS)
        cast("Any", client).config_set("maxmemory", "0")
        assert limiter.admit(ADDRESS).admitted
        client.close()


def test_a_redis_that_evicts_keys_is_refused_at_the_start() -> None:
    with tempfile.TemporaryDirectory() as folder, Valkey(Path(folder)) as valkey:
        client = connect_redis(valkey.url, None)
        cast("Any", client).config_set("maxmemory", "100mb")
        cast("Any", client).config_set("maxmemory-policy", "allkeys-lru")
        with pytest.raises(ConfigurationError, match="noeviction"):
            connect_redis(valkey.url, None)
        client.close()


def _server_of(valkey: Valkey) -> int:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(valkey.url.removeprefix("unix://"))
        credentials = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[0])


def _refusing(work: Callable[[], object]) -> float:
    """Return the seconds after which the work is refused."""
    since = time.monotonic()
    with pytest.raises(StorageUnavailableError):
        work()
    return time.monotonic() - since


def _admits(limiter: MovingWindowLimiter) -> bool:
    try:
        return limiter.admit(ADDRESS).admitted
    except StorageUnavailableError:
        return False


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis://:hunter2@127.0.0.1/0", "secret file"),
        ("redis://cache.example.com/0", "rediss://"),
        ("redis://127.0.0.1:1/0", "cannot be used"),
        ("ftp://x", "cannot be used"),
    ],
)
def test_a_setting_that_cannot_work_is_a_sentence(url: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as raised:
        connect_redis(url, None)
    assert "hunter2" not in str(raised.value)
