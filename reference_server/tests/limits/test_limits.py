"""Budgets and blocks: exact at their edges, under threads, and when the clock goes back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import pytest

from reference_server.core.errors import StorageUnavailableError
from reference_server.limits.block import FailureBlock
from reference_server.limits.contracts import Budget
from reference_server.limits.limiter import SWEEP_EVERY, ClockedMemory, MovingWindowLimiter
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


def test_idle_subjects_are_forgotten() -> None:
    clock = FakeClock()
    storage = ClockedMemory(clock)
    for number in range(SWEEP_EVERY - 1):
        storage.acquire_entry(f"key-{number}", 1, 60)
    clock.advance(61)
    storage.acquire_entry("another", 1, 60)
    assert storage.check()
    assert (storage.get("another"), storage.get("key-0")) == (1, 0)
    assert storage.reset() == 1


def test_a_subject_whose_last_entry_a_look_has_dropped_harms_nobody() -> None:
    clock = FakeClock()
    storage = ClockedMemory(clock)
    gone = MovingWindowLimiter(clock, requests=2, window=60, storage=storage).admit("gone")
    clock.advance(61)
    assert gone.budget() == Budget(remaining=2, reset_after=60)
    for number in range(SWEEP_EVERY):
        storage.acquire_entry(f"key-{number}", 1, 60)
    assert storage.reset() == SWEEP_EVERY


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
