"""Refusals that repeat: bounded rows, and a count that is never lost while the server runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reference_server.audit.contracts import AuditEvent
from reference_server.audit.repeats import Repeats, Teller
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.tests.fakes import FakeClock, FakeTrail
from reference_server.tests.waiting import becomes_true

if TYPE_CHECKING:
    from collections.abc import Iterable

ADDRESS = "192.0.2.7"


def _refusal(address: str = ADDRESS, reason: str = "blocked") -> AuditEvent:
    return AuditEvent(
        EventType.BLOCKED_ADDRESS,
        Outcome.FAILURE,
        address=address,
        request_id="r",
        metadata={"reason": reason},
    )


def _counted(repeats: Repeats, events: Iterable[AuditEvent]) -> int:
    return sum([repeats.counts(event) for event in events])


def _told(trail: FakeTrail) -> list[tuple[str | None, Any]]:
    return [(row.address, (row.metadata or {})["count"]) for row in trail.rows]


def test_the_first_ones_have_rows_and_the_others_a_count() -> None:
    clock, trail = FakeClock(), FakeTrail()
    repeats = Repeats(clock, own_rows=3, tell_seconds=10)
    assert _counted(repeats, [_refusal()] * 10) == 7
    repeats.tell(trail)
    assert not trail.rows, "it waits for company"
    clock.advance(10)
    repeats.tell(trail)
    (row,) = trail.rows
    assert (row.event_type, row.outcome, row.address, row.request_id) == (
        EventType.BLOCKED_ADDRESS,
        Outcome.FAILURE,
        ADDRESS,
        None,
    )
    assert row.metadata == {"reason": "blocked", "count": 7, "since": "2026-01-01T00:00:00+00:00"}
    clock.advance(10)
    repeats.tell(trail, all_of_it=True)
    assert len(trail.rows) == 1, "what was told is told once"


def test_a_new_window_has_rows_again() -> None:
    clock = FakeClock()
    repeats = Repeats(clock, own_rows=1)
    assert _counted(repeats, [_refusal()] * 2) == 1
    clock.advance(60)
    assert _counted(repeats, [_refusal()] * 2) == 1


def test_addresses_and_kinds_are_counted_apart_and_one_site_together() -> None:
    repeats = Repeats(FakeClock(), own_rows=1)
    apart = [_refusal(), _refusal("192.0.2.8"), _refusal(reason="another"), _refusal("2001:db8::1")]
    assert _counted(repeats, apart) == 0
    assert repeats.counts(_refusal("2001:db8::2"))


def test_many_addresses_share_a_count_and_add_no_more_rows_than_are_kept() -> None:
    trail = FakeTrail()
    repeats = Repeats(FakeClock(), own_rows=1, own_rows_in_all=5, most_kept=3)
    sent = [_refusal(f"192.0.2.{number}") for number in range(50)] * 2
    counted = _counted(repeats, sent)
    assert len(sent) - counted <= 5
    repeats.tell(trail, all_of_it=True)
    assert len(trail.rows) <= 4
    assert sum(count for _, count in _told(trail)) == counted
    assert None in dict(_told(trail))


def test_the_rows_of_all_addresses_together_are_bounded() -> None:
    repeats = Repeats(FakeClock(), own_rows=2, own_rows_in_all=5)
    sent = [_refusal(f"192.0.2.{number}") for number in range(50)] * 2
    assert len(sent) - _counted(repeats, sent) == 5


def test_what_the_trail_cannot_take_is_told_later_with_what_came_meanwhile() -> None:
    clock, trail = FakeClock(), FakeTrail()
    repeats = Repeats(clock, own_rows=1)
    _counted(repeats, [_refusal()] * 3)
    trail.rows_left = 0
    repeats.tell(trail, all_of_it=True)
    _counted(repeats, [_refusal()] * 2)
    trail.rows_left = None
    repeats.tell(trail, all_of_it=True)
    assert _told(trail) == [(ADDRESS, 4)]


def test_idle_addresses_are_forgotten() -> None:
    clock = FakeClock()
    repeats = Repeats(clock, own_rows=1, most_kept=1)
    repeats.counts(_refusal())
    clock.advance(60)
    repeats.tell(FakeTrail())
    _counted(repeats, [_refusal("192.0.2.8")] * 2)
    trail = FakeTrail()
    repeats.tell(trail, all_of_it=True)
    assert _told(trail) == [("192.0.2.8", 1)]


def test_a_clock_set_back_begins_a_window_and_loses_no_count() -> None:
    clock, trail = FakeClock(), FakeTrail()
    repeats = Repeats(clock, own_rows=1)
    _counted(repeats, [_refusal()] * 3)
    clock.advance(-3600)
    repeats.tell(trail)
    assert _told(trail) == [(ADDRESS, 2)]
    assert not repeats.counts(_refusal())


def test_a_thread_tells_in_time_and_the_rest_at_the_end() -> None:
    clock, trail = FakeClock(), FakeTrail()
    repeats = Repeats(clock, own_rows=1, tell_seconds=10)
    teller = Teller(repeats, trail)
    _counted(repeats, [_refusal()] * 3)
    clock.advance(10)
    assert becomes_true(lambda: _told(trail) == [(ADDRESS, 2)])
    repeats.counts(_refusal())
    teller.close()
    assert _told(trail) == [(ADDRESS, 2), (ADDRESS, 1)]
