"""Each answered request left its rows in the trail, once."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from load.invariants.ruling import Ruling
from load.reply import Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.channels.sql.auditor import AuditRow
    from load.ledger import Observation

AUDIT = "one audit row for each answered request"

SUCCESS = "api_key.auth_success"
FAILURE = "api_key.auth_failure"
BLOCKED = "auth.blocked_ip"
LIMITED = "rate_limit.exceeded"
CALLED = "mcp.tool_called"
FAILED = "mcp.tool_failed"
_ENGAGED = "engaged"
_REFUSALS: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: FAILURE,
    HTTPStatus.TOO_MANY_REQUESTS: LIMITED,
}


@dataclass(frozen=True)
class _Case:
    """One answered request with the rows that bear its id."""

    seen: Observation
    rows: tuple[AuditRow, ...]

    def count(self, *events: str) -> int:
        return sum(row.event in events and row.reason != _ENGAGED for row in self.rows)


def trail_is_complete(
    observations: Sequence[Observation], rows: Sequence[AuditRow], tenants: dict[str, str]
) -> Ruling:
    """Rule on the trail: no gap, no duplicate, and no row under someone else's name.

    ``tenants`` holds the tenants' ids by the names that observations carry.
    """
    answered = [one for one in observations if one.is_answered]
    ids = Counter(one.request_id for one in answered if one.request_id)
    if not ids:
        return Ruling.unseen(AUDIT, "no answer carried a request id by which to find its rows")
    found: defaultdict[str | None, list[AuditRow]] = defaultdict(list)
    for row in rows:
        found[row.request_id].append(row)
    faults = [f"{count} answers share the id {name}" for name, count in ids.items() if count > 1]
    for one in answered:
        if one.request_id is None:
            faults.append(f"{one.label} carried no request id")
        else:
            case = _Case(one, tuple(found[one.request_id]))
            faults += [f"{one.label}: {fault}" for fault in _faults(case, tenants[one.tenant])]
    if faults:
        return Ruling.failed(AUDIT, faults)
    kept = Counter(row.event for name in ids for row in found[name])
    counts = ", ".join(f"{kept[event]} {event}" for event in (SUCCESS, CALLED, LIMITED))
    return Ruling.passed(AUDIT, f"{len(ids)} request ids, each once; {counts}")


def _faults(case: _Case, tenant: str) -> Iterator[str]:
    if not _has_entry(case):
        event = _REFUSALS.get(case.seen.status, SUCCESS)
        yield f"gap: no {event} row for {case.seen.request_id}"
    repeated = Counter((row.event, row.reason, row.scope) for row in case.rows)
    for (event, _, _), count in repeated.items():
        if count > 1:
            yield f"duplicate: {count} {event} rows for {case.seen.request_id}"
    if case.seen.status < HTTPStatus.BAD_REQUEST and case.count(*_REFUSALS.values(), BLOCKED):
        yield f"the trail says {case.seen.request_id} was refused"
    yield from _tool_faults(case)
    for row in case.rows:
        if row.tenant not in {None, tenant}:
            yield f"the {row.event} row is under tenant {row.tenant}"
        if row.address and case.seen.address and row.address != case.seen.address:
            yield f"the {row.event} row is under address {row.address}"
        if row.event in {SUCCESS, CALLED, FAILED} and row.tenant is None:
            yield f"the {row.event} row names no tenant"


def _has_entry(case: _Case) -> bool:
    status = case.seen.status
    if status == HTTPStatus.UNAUTHORIZED:
        return case.count(FAILURE, BLOCKED) > 0
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return case.count(LIMITED) > 0
    # Where the trail itself failed, the answer is 5xx, and another invariant rules on that.
    return case.count(SUCCESS) > 0 or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _tool_faults(case: _Case) -> Iterator[str]:
    seen = case.seen
    called, failed = case.count(CALLED), case.count(FAILED)
    if seen.tool is not None and seen.result is Result.SUCCEEDED:
        if not called:
            yield f"gap: no {CALLED} row for {seen.request_id}"
        if failed:
            yield f"a successful call has a {FAILED} row"
        others = {row.metadata.get("tool") for row in case.rows if row.event == CALLED}
        if others - {seen.tool}:
            yield f"the {CALLED} row names the tool {sorted(map(str, others))}"
    elif called:
        yield f"a {CALLED} row for a call that did not succeed"
    elif seen.tool is not None and seen.result is Result.TOOL_ERROR and not failed:
        yield f"gap: no {FAILED} row for {seen.request_id}"
