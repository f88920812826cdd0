"""Each answered request left its rows in the trail, once."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.profile.events import Event
from load.invariants.ruling import Ruling
from load.reply import Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.channels.trail.row import AuditRow
    from conformance.profile.events import Events
    from load.ledger import Observation

AUDIT = "one audit row for each answered request"

REFUSED: dict[int, Event] = {
    HTTPStatus.UNAUTHORIZED: Event.AUTH_FAILURE,
    HTTPStatus.TOO_MANY_REQUESTS: Event.LIMIT_EXCEEDED,
}
_OF_TENANTS = (Event.AUTH_SUCCESS, Event.TOOL_CALLED, Event.TOOL_FAILED)


@dataclass(frozen=True)
class _Case:
    """One answered request with the rows that bear its id, under the names of the target."""

    seen: Observation
    rows: tuple[AuditRow, ...]
    events: Events

    def of(self, *events: Event) -> list[AuditRow]:
        """Return the rows of some events, without what tells that a block was engaged."""
        rows = [(row, row.matched) for row in self.rows]
        return [
            row
            for row, matched in rows
            if self.events.is_one(matched, *events)
            and not self.events.is_one(matched, Event.BLOCK_ENGAGED)
        ]

    def lacks(self, *events: Event) -> bool:
        """Tell whether there is no row of any of these events, where the trail has one of them."""
        return any(map(self.events.has, events)) and not self.of(*events)

    @property
    def unknown(self) -> set[str]:
        """The names of rows that the profile knows nothing of."""
        rows = [row for row in self.rows if not self.events.knows(row.matched)]
        return {str(row.event) for row in rows}


def trail_is_complete(
    observations: Sequence[Observation],
    rows: Sequence[AuditRow],
    tenants: dict[str, str],
    events: Events,
) -> Ruling:
    """Rule on the trail: no gap, no duplicate, and no row under someone else's name.

    ``tenants`` holds the tenants' ids by the names that observations carry. Nothing is ruled where
    rows have names that the profile does not know, as those may be the missing ones.
    """
    answered = [one for one in observations if one.is_answered]
    ids = Counter(one.request_id for one in answered if one.request_id)
    if not ids:
        return Ruling.unseen(AUDIT, "no answer carried a request id by which to find its rows")
    found: defaultdict[str | None, list[AuditRow]] = defaultdict(list)
    for row in rows:
        found[row.request_id].append(row)
    counted = _counted(rows, events)
    faults = [f"{count} answers share the id {name}" for name, count in ids.items() if count > 1]
    unknown: set[str] = set()
    for one in answered:
        if one.request_id is None:
            faults.append(f"{one.label} carried no request id")
        else:
            case = _Case(one, tuple(found[one.request_id]), events)
            unknown |= case.unknown
            is_counted = not _has_entry(case) and counted[_refusal_of(one)] > 0
            counted[_refusal_of(one)] -= is_counted
            found_wrong = _faults(case, tenants[one.tenant], is_counted=is_counted)
            faults += [f"{one.label}: {fault}" for fault in found_wrong]
    if faults and unknown:
        names = ", ".join(sorted(unknown))
        return Ruling.unseen(AUDIT, f"rows are named {names}: declare [events] in the profile")
    if faults:
        return Ruling.failed(AUDIT, faults)
    kept = [row.matched for name in ids for row in found[name]]
    counts = ", ".join(
        f"{sum(events.is_one(row, event) for row in kept)} {events.told(event)}"
        for event in (Event.AUTH_SUCCESS, Event.TOOL_CALLED, Event.LIMIT_EXCEEDED)
    )
    return Ruling.passed(AUDIT, f"{len(ids)} request ids, each once; {counts}")


def _counted(rows: Sequence[AuditRow], events: Events) -> Counter[tuple[str | None, int]]:
    """Return how many refusals have no rows, and stand in a count, by address and status.

    A block may be told by either status, and so is of both.
    """
    counted: Counter[tuple[str | None, int]] = Counter()
    for row in rows:
        for status, event in REFUSED.items():
            if events.is_one(row.matched, event, Event.ADDRESS_BLOCKED):
                counted[row.address, status] += row.count or 0
    return counted


def _refusal_of(seen: Observation) -> tuple[str | None, int]:
    return seen.address, seen.status


def _faults(case: _Case, tenant: str, *, is_counted: bool) -> Iterator[str]:
    name = case.events.told
    wanted = REFUSED.get(case.seen.status, Event.AUTH_SUCCESS)
    if not (_has_entry(case) or is_counted):
        yield f"gap: no {name(wanted)} row for {case.seen.request_id}"
    repeated = Counter(tuple(row.matched.items()) for row in case.rows)
    for row, count in repeated.items():
        if count > 1:
            yield f"duplicate: {count} {dict(row)['event']} rows for {case.seen.request_id}"
    if case.seen.status < HTTPStatus.BAD_REQUEST and case.of(
        *REFUSED.values(), Event.ADDRESS_BLOCKED
    ):
        yield f"the trail says {case.seen.request_id} was refused"
    yield from _tool_faults(case)
    for row in case.rows:
        if row.tenant not in {None, tenant}:
            yield f"the {row.event} row is under tenant {row.tenant}"
        if row.address and case.seen.address and row.address != case.seen.address:
            yield f"the {row.event} row is under address {row.address}"
    for row in case.of(*_OF_TENANTS):
        if row.tenant is None:
            yield f"the {row.event} row names no tenant"


def _has_entry(case: _Case) -> bool:
    status = case.seen.status
    if status == HTTPStatus.UNAUTHORIZED:
        return not case.lacks(Event.AUTH_FAILURE, Event.ADDRESS_BLOCKED)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return not case.lacks(Event.LIMIT_EXCEEDED)
    # Where the trail itself failed, the answer is 5xx, and another invariant rules on that.
    return not case.lacks(Event.AUTH_SUCCESS) or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _tool_faults(case: _Case) -> Iterator[str]:
    seen, name = case.seen, case.events.told
    called = case.of(Event.TOOL_CALLED)
    if seen.tool is not None and seen.result is Result.SUCCEEDED:
        if case.lacks(Event.TOOL_CALLED):
            yield f"gap: no {name(Event.TOOL_CALLED)} row for {seen.request_id}"
        if case.of(Event.TOOL_FAILED):
            yield f"a successful call has a {name(Event.TOOL_FAILED)} row"
        others = {row.matched["tool"] for row in called}
        if others - {seen.tool}:
            yield f"the {name(Event.TOOL_CALLED)} row names the tool {sorted(map(str, others))}"
    elif called:
        yield f"a {name(Event.TOOL_CALLED)} row for a call that did not succeed"
    elif (
        seen.tool is not None and seen.result is Result.TOOL_ERROR and case.lacks(Event.TOOL_FAILED)
    ):
        yield f"gap: no {name(Event.TOOL_FAILED)} row for {seen.request_id}"
