"""Budgets and blocks: exact at their edges, under threads, and when the clock goes back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import pytest

from reference_server.core.errors import StorageUnavailableError
from reference_server.limits.block import FailureBlock
from reference_server.limits.contracts import Budget
from reference_server.limits.limiter import ClockedMemory, MovingWindowLimiter
from reference_server.tests.fakes import FakeClock


def test_the_limit_is_the_last_admitted_and_waiting_retry_after_admits_again() -> None:
    clock = FakeClock()
    limiter = MovingWindowLimiter(clock, requests=3, window=60)
    for _ in range(3):
        assert limiter.admit("x").admitted
        clock.advance(0.5)
    refused = limiter.admit("x")
    assert (refused.admitted, refused.retry_after) == (False, 59)
    assert refused.budget() == Budget(remaining=0, reset_after=59)
    clock.advance(refused.retry_after - 1)
    assert not limiter.admit("x").admitted
    clock.advance(1)
    assert limiter.admit("x").admitted


def test_an_entry_has_left_the_window_when_it_is_exactly_as_old_as_the_window() -> None:
    clock = FakeClock()
    limiter = MovingWindowLimiter(clock, requests=1, window=60)
    assert limiter.admit("x").admitted
    clock.advance(59.999999)
    assert not limiter.admit("x").admitted
    clock.advance(0.000001)
    assert limiter.admit("x").admitted


def test_subjects_do_not_share_a_budget() -> None:
    limiter = MovingWindowLimiter(FakeClock(), requests=1, window=60)
    assert limiter.admit("x").admitted
    assert limiter.admit("y").admitted
    assert not limiter.admit("x").admitted


def test_simultaneous_requests_get_exactly_the_limit() -> None:
    limiter = MovingWindowLimiter(FakeClock(), requests=100, window=60)
    with ThreadPoolExecutor(16) as threads:
        admissions = list(threads.map(limiter.admit, ["x"] * 400))
    assert sum(admission.admitted for admission in admissions) == 100


def test_a_clock_set_back_costs_a_subject_one_window_at_most() -> None:
    clock = FakeClock()
    limiter = MovingWindowLimiter(clock, requests=1, window=60)
    clock.advance(86400)
    assert limiter.admit("x").admitted
    clock.advance(-86400)
    refused = limiter.admit("x")
    assert not refused.admitted
    clock.advance(refused.retry_after)
    assert limiter.admit("x").admitted


def test_idle_subjects_are_forgotten_while_others_come() -> None:
    clock = FakeClock()
    storage = ClockedMemory(clock)
    for number in range(100):
        storage.acquire_entry(f"key-{number}", 1, 60)
    clock.advance(61)
    for number in range(100):
        storage.acquire_entry(f"another-{number}", 1, 60)
    assert storage.check()
    assert (storage.get("another-99"), storage.get("key-0")) == (1, 0)
    assert storage.reset() == 100


def test_subjects_of_the_future_are_forgotten_once_the_clock_was_set_back() -> None:
    clock = FakeClock()
    storage = ClockedMemory(clock)
    clock.advance(86400)
    storage.acquire_entry("early", 1, 60)
    clock.advance(-86400)
    storage.acquire_entry("late", 1, 60)
    clock.advance(61)
    storage.acquire_entry("another", 1, 60)
    assert storage.reset() == 1


def test_a_subject_whose_last_entry_a_look_has_dropped_harms_nobody() -> None:
    clock = FakeClock()
    storage = ClockedMemory(clock)
    gone = MovingWindowLimiter(clock, requests=2, window=60, storage=storage).admit("gone")
    clock.advance(61)
    assert gone.budget() == Budget(remaining=2, reset_after=60)
    for number in range(100):
        storage.acquire_entry(f"key-{number}", 1, 60)
    assert storage.reset() == 100


def test_more_subjects_than_are_kept_share_a_budget_and_take_none_from_the_others() -> None:
    clock = FakeClock()
    limiter = MovingWindowLimiter(clock, 2, 60, storage=ClockedMemory(clock, most=2))
    for known in ("a", "b"):
        assert limiter.admit(known).admitted
    assert [limiter.admit(f"new-{n}").admitted for n in range(4)] == [True, True, False, False]
    assert limiter.admit("a").admitted
    assert not limiter.admit("a").admitted
    clock.advance(60)
    assert all(limiter.admit("new-again").admitted for _ in range(2)), "there is room again"


def test_a_refusal_never_tells_of_room() -> None:
    clock = FakeClock()
    limiter = MovingWindowLimiter(clock, requests=1, window=60)
    limiter.admit("x")
    clock.advance(59.999)
    refused = limiter.admit("x")
    clock.advance(0.001)
    assert (refused.retry_after, refused.budget()) == (1, Budget(remaining=0, reset_after=1))


def test_a_broken_clock_refuses_rather_than_admits() -> None:
    class Broken(FakeClock):
        def now(self) -> NoReturn:
            raise OSError("no clock")

    with pytest.raises(StorageUnavailableError):
        MovingWindowLimiter(Broken(), 1, 60).admit("x")


def test_the_tenth_failure_engages_and_the_block_ends_to_the_second() -> None:
    clock = FakeClock()
    block = FailureBlock(clock, failures=10, window=3600, block=3600)
    assert [block.record_failure("x") for _ in range(10)] == [False] * 9 + [True]
    assert block.is_blocked("x")
    assert not block.is_blocked("y")
    clock.advance(3599)
    assert block.is_blocked("x")
    clock.advance(1)
    assert not block.is_blocked("x")
    assert not block.record_failure("x")


def test_failures_older_than_the_window_do_not_count() -> None:
    clock = FakeClock()
    block = FailureBlock(clock, failures=2, window=60, block=60)
    assert not block.record_failure("x")
    clock.advance(60)
    assert not block.record_failure("x")
    assert block.record_failure("x")


def test_failures_of_a_blocked_address_neither_engage_again_nor_lengthen_the_block() -> None:
    clock = FakeClock()
    block = FailureBlock(clock, failures=1, window=60, block=60)
    assert block.record_failure("x")
    clock.advance(59)
    assert not block.record_failure("x")
    clock.advance(1)
    assert not block.is_blocked("x")


def test_a_clock_set_back_does_not_make_a_block_longer_than_it_says() -> None:
    clock = FakeClock()
    block = FailureBlock(clock, failures=1, window=60, block=60)
    clock.advance(86400)
    block.record_failure("x")
    clock.advance(-86400)
    assert block.is_blocked("x")
    clock.advance(60)
    assert not block.is_blocked("x")
    assert block.record_failure("y")
    clock.advance(60)
    assert block.record_failure("z")


def test_more_blocks_than_are_kept_grow_wider_and_none_is_forgotten() -> None:
    clock = FakeClock()
    block = FailureBlock(clock, failures=1, window=60, block=60, most=2)
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3", "198.51.100.1", "203.0.113.1"):
        assert not block.is_blocked(address)
        assert block.record_failure(address)
        assert block.is_blocked(address)
    assert block.is_blocked("192.0.2.99"), "its neighbour was the third"
    assert block.is_blocked("203.0.200.1"), "its network was the fifth"
    assert not block.is_blocked("100.64.0.1")
    clock.advance(60)
    assert not block.is_blocked("192.0.2.1")
    assert block.record_failure("192.0.2.1")
    assert not block.is_blocked("192.0.2.2"), "what ended made room for one alone"


def test_with_every_table_full_everybody_is_blocked() -> None:
    block = FailureBlock(FakeClock(), failures=1, window=60, block=60, most=1)
    for address in ("192.0.2.1", "198.51.100.1", "203.0.113.1", "100.64.0.1", "2001:db8::/64"):
        assert block.record_failure(address)
    assert block.is_blocked("100.64.9.9")
    assert block.is_blocked("no address")
    assert block.is_blocked("2001:db8:1::/64")
