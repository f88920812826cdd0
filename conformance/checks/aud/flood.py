"""AUD, continued: refusals cannot flood the trail, and none of them goes uncounted."""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.channels.trail.finding import request_id
from conformance.model import Channel
from conformance.profile.events import Event
from conformance.requirement import requirement
from conformance.verdicts import establish
from conformance.waiting import gather, wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.exhaustion import Exhaustion
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.channels.trail.reader import AuditReader
    from conformance.channels.trail.row import AuditRow
    from conformance.forge.keys import Keys
    from conformance.manners.addresses import AddressPool
    from conformance.profile.target import Target

AT_ONCE = 8
BEYOND = 3
"""Failures more than those that block."""
WINDOWS = 2
"""A flood takes seconds, so that it falls into one minute, or two."""
COUNTED = 200
"""Refusals more than may have rows of their own by then."""
TELLING = 100
"""Rows that may tell of those: one for two would be no bound."""
REFUSALS = (Event.AUTH_FAILURE, Event.ADDRESS_BLOCKED, Event.LIMIT_EXCEEDED)


@requirement("AUD-16", also_needs=(Channel.FAILURE_LIMIT, Channel.BLOCK_EVENT))
def test_what_a_blocked_address_adds_is_bounded_and_counted(
    wire: Wire,
    addresses: AddressPool,
    auditor: AuditReader,
    target: Target,
    keys_or_random: Keys,
    passage: Passage,
) -> None:
    """It goes on with wrong keys: each request has a row of its own, or stands in a count."""
    line = wire.derived(address=addresses.fresh(), meets_limits=True)
    wrong = keys_or_random.random()
    limit = target.limits.auth_failures
    failed = [line.knock(wrong) for _ in range(limit + BEYOND)]
    refused = [*failed[limit:], *_flood(line, wrong, target)]
    _have_it_told(target, passage)
    _require_bounded_and_counted(line, refused, auditor, target, before=failed[:limit])


@requirement(
    "AUD-16", also_needs=(Channel.SPARE_TENANT, Channel.ADDRESS_LIMIT, Channel.LIMIT_EVENT)
)
def test_what_a_limited_address_adds_is_bounded_and_counted(
    exhaustion: Exhaustion, auditor: AuditReader, target: Target, passage: Passage
) -> None:
    """It goes on with the right key by which it has reached its limit."""
    line, key, spent = exhaustion.spend_address()
    line = line.derived(meets_limits=True)
    answers = [*spent, *_flood(line, key, target)]
    refused = [one for one in answers if one.status == HTTPStatus.TOO_MANY_REQUESTS]
    _have_it_told(target, passage)
    _require_bounded_and_counted(line, refused, auditor, target)


def _flood(line: Wire, key: str, target: Target) -> list[Answer]:
    """Knock more often than refusals may have rows."""
    count = WINDOWS * target.limits.audited_refusals + COUNTED
    return gather(line.knock, [key] * count, at_once=AT_ONCE)


def _have_it_told(target: Target, passage: Passage) -> None:
    """Let as much time pass as a count may wait, where that takes none."""
    if target.has(Channel.CLOCK):
        passage.of(target.limits.refusals_told_seconds)


def _require_bounded_and_counted(
    line: Wire,
    refused: Sequence[Answer],
    auditor: AuditReader,
    target: Target,
    before: Sequence[Answer] = (),
) -> None:
    """Raise AssertionError unless the trail tells of refusals in few rows, and how many they were.

    Rows of what was asked ``before`` are none of them.
    """
    most = WINDOWS * target.limits.audited_refusals
    establish(
        len(refused) >= most + COUNTED
        and not any(one.executed or one.status < HTTPStatus.BAD_REQUEST for one in refused),
        "an address that is blocked or at its limit is refused as often as it asks",
    )
    sent, earlier = ({request_id(one, target) for one in some} for some in (refused, before))
    rows = list["AuditRow"]()

    def look() -> bool:
        found = _rows_of_refusals(auditor, line.address)
        rows[:] = [row for row in found if row.request_id not in earlier]
        return len(sent) in _told(rows, sent)

    wait_for(look, target.limits.refusals_told_seconds + auditor.patience, pause=0.2)
    assert len(rows) <= most + TELLING, (
        f"{len(sent)} refusals of one address added {len(rows)} rows to the trail, where "
        f"{target.limits.audited_refusals} in a minute may have rows of their own"
    )
    if len(sent) in _told(rows, sent) or len(sent) in _learned(rows, sent):
        return
    auditor.require_known(auditor.rows(address=line.address), *REFUSALS)
    declared = auditor.fields.is_declared("count") or not any(row.numbers for row in rows)
    establish(
        declared or any(row.count for row in rows),
        "the trail tells a count where [fields.trail] count says, or under a name that shows",
    )
    own = len(sent & {row.request_id for row in rows})
    raise AssertionError(
        f"of {len(sent)} refusals of one address, {own} have rows of their own, and rows that "
        f"count tell of {[row.count for row in rows if row.count is not None]}"
    )


def _rows_of_refusals(auditor: AuditReader, address: str | None) -> list[AuditRow]:
    """Return the rows of an address that tell of refusals, without that of a block's beginning."""
    rows = auditor.rows(address=address)
    found = [row for row in rows if auditor.is_one(row, *REFUSALS) or row.count is not None]
    return [row for row in found if not auditor.is_one(row, Event.BLOCK_ENGAGED)]


def _told(rows: Sequence[AuditRow], sent: set[str]) -> set[int]:
    """Return of how many refusals rows tell, in each way in which counts may be meant.

    A row that counts may stand for its own request besides, and counts may go on from each other.
    """
    counts = [(row.count, row.request_id in sent) for row in rows if row.count is not None]
    alone = len(sent & {row.request_id for row in rows if row.count is None})
    added = alone + sum(count for count, _ in counts)
    last = alone + max((count for count, _ in counts), default=0)
    return {added, added + sum(is_own for _, is_own in counts), last}


def _learned(rows: Sequence[AuditRow], sent: set[str]) -> set[int]:
    """Return of how many they tell if any other number in them is the count."""
    alone = len(sent & {row.request_id for row in rows})
    sums: Counter[str] = Counter()
    for row in rows:
        if row.request_id not in sent:
            sums.update(row.numbers)
    return {alone + total for total in sums.values()}
