"""No run locks itself out: what an address and a key may still spend."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from conformance.manners.budget import Budget, KeyPace
from conformance.profile.target import DeclaredLimits
from conformance.verdicts import NotAssessedError
from conformance.waiting import gather

if TYPE_CHECKING:
    from pathlib import Path


class Pool:
    """Hands out a number of addresses."""

    def __init__(self, count: int) -> None:
        self.left = [f"127.0.1.{number}" for number in range(count)]

    def fresh(self) -> str | None:
        """Return the next address; None when there are no more."""
        return self.left.pop() if self.left else None


def test_no_address_comes_near_a_declared_limit() -> None:
    limits = DeclaredLimits(address_requests=10, auth_failures=5)
    budget = Budget(Pool(100), limits)  # type: ignore[arg-type] -- all it needs of a pool
    spent: list[tuple[str | None, bool]] = [
        (budget.spend(may_fail=turn % 2 == 0), turn % 2 == 0) for turn in range(60)
    ]
    for address in {address for address, _ in spent}:
        assert sum(1 for one, _ in spent if one == address) < limits.address_requests
        assert sum(1 for one, fails in spent if one == address and fails) < limits.auth_failures


def test_the_last_address_is_never_spent_on_failures() -> None:
    budget = Budget(Pool(0), DeclaredLimits(auth_failures=5))  # type: ignore[arg-type]
    for _ in range(3):
        budget.spend(may_fail=True)
    with pytest.raises(NotAssessedError, match="block this address"):
        budget.spend(may_fail=True)


def test_a_key_is_paced_by_its_tenants_limit() -> None:
    pace = KeyPace(DeclaredLimits(tenant_requests=3, tenant_window_seconds=1))
    started = time.monotonic()
    pace.spend("key")
    pace.spend("key")
    assert time.monotonic() - started > 1, "the second waits for the first to leave the window"


def _leaping(pace: KeyPace) -> list[float]:
    """Have time leap as by a target's clock; return the list of the seconds that it does."""
    leaps: list[float] = []

    def leap(seconds: float) -> None:
        leaps.append(seconds)
        pace.age(seconds)

    pace.leap = leap
    return leaps


def test_a_targets_clock_saves_the_wait_for_room() -> None:
    pace = KeyPace(DeclaredLimits(tenant_requests=5, tenant_window_seconds=3600))
    leaps = _leaping(pace)
    gather(lambda _: pace.spend("key"), range(9), at_once=3)
    assert leaps == [3601, 3601]


def test_room_for_several_requests_is_made_before_the_first() -> None:
    pace = KeyPace(DeclaredLimits(tenant_requests=6, tenant_window_seconds=3600))
    leaps = _leaping(pace)
    pace.spend("key")
    pace.make_room("key", 3)
    assert not leaps, "there was room"
    pace.spend("key")
    pace.make_room("key", 3)
    assert leaps == [3601]
    for _ in range(3):
        pace.spend("key")
    assert leaps == [3601], "what was made room for waits for nothing"
    pace.make_room("key", 1000)
    assert leaps == [3601, 3601], "more than a window has cannot be waited for"


def test_room_is_made_at_an_address_too() -> None:
    limits = DeclaredLimits(address_requests=8, address_window_seconds=1)
    budget = Budget(Pool(1), limits)  # type: ignore[arg-type]
    used = [budget.spend(may_fail=False) for _ in range(4)]
    budget.make_room("key", 3)
    new = [budget.spend(may_fail=False) for _ in range(3)]
    assert len({*used}) == len({*new}) == 1
    assert used[0] != new[0]
    started = time.monotonic()
    budget.make_room("key", 5)
    assert 0.5 < time.monotonic() - started < 5, "at the last address, what was sent must pass"


def test_time_leaps_only_once_what_others_sent_has_arrived() -> None:
    pace = KeyPace(DeclaredLimits(tenant_requests=3, tenant_window_seconds=3600))
    sending, arrived, told = threading.Event(), threading.Event(), list[str]()

    def leap(seconds: float) -> None:
        told.append("leapt")
        pace.age(seconds)

    def send() -> None:
        with pace.under_way.exchange():
            sending.set()
            arrived.wait(5)
            told.append("arrived")

    pace.leap = leap
    other = threading.Thread(target=send)
    other.start()
    sending.wait(5)
    pace.spend("key")
    threading.Timer(0.2, arrived.set).start()
    with pace.under_way.exchange():  # its own does not count
        pace.spend("key")
    other.join(5)
    assert told == ["arrived", "leapt"]


def test_all_processes_together_keep_to_a_tenants_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def leave(seconds: float, _: str) -> None:
        waits.append(seconds)
        raise InterruptedError

    monkeypatch.setattr("conformance.manners.budget.pass_time", leave)
    limits = DeclaredLimits(tenant_requests=5, tenant_window_seconds=60)
    one, other = (KeyPace(limits, tmp_path / "sent") for _ in range(2))
    for pace, key in ((one, "a"), (other, "b"), (other, "a"), (one, "b"), (one, "a")):
        pace.spend(key)
    for pace in (one, other):
        with pytest.raises(InterruptedError):
            pace.spend("a")
    assert all(50 < wait <= 61 for wait in waits), waits
    one.age(61)  # by the target's clock, all that was sent has left the window
    for _ in range(3):
        other.spend("a")
    other.spend("b")


def test_what_does_not_arrive_is_not_awaited() -> None:
    pace, sending, done = KeyPace(DeclaredLimits()), threading.Event(), threading.Event()

    def send() -> None:
        with pace.under_way.exchange():
            sending.set()
            done.wait(5)

    other = threading.Thread(target=send)
    other.start()
    sending.wait(5)
    started = time.monotonic()
    pace.under_way.wait_for_others(0.2)
    waited = time.monotonic() - started
    done.set()
    other.join(5)
    assert 0.2 <= waited < 3


def test_what_was_sent_before_a_run_counts_in_it(tmp_path: Path) -> None:
    limits = DeclaredLimits(tenant_requests=5, tenant_window_seconds=3600)
    before = KeyPace(limits, tmp_path / "sent")
    for _ in range(2):
        before.spend("a")
    pace = KeyPace(limits, tmp_path / "sent")
    assert pace.has_room("a")
    pace.spend("a")
    assert not pace.has_room("a")
    assert pace.has_room("b")
