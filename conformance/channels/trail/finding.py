"""How a request is found again in the trail: by its id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.model import Channel
from conformance.profile.events import Event
from conformance.verdicts import establish
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.trail.reader import AuditReader
    from conformance.channels.trail.row import AuditRow
    from conformance.profile.events import Scope
    from conformance.profile.target import Target


def request_id(answer: Answer, target: Target) -> str:
    """Return the id the target gave a request; without one the row cannot be found."""
    found = answer.header(target.headers.request_id)
    establish(found, f"the answer carries {target.headers.request_id}")
    return found or ""


def rows_of_refusal(
    refused: Answer, event: Event, auditor: AuditReader, target: Target, address: str | None = None
) -> list[AuditRow]:
    """Return the rows of an event that tell of one refusal.

    They have its request's id. Where the profile says that refusals are counted once an address has
    many, and there is none, it is one that counts those of the address, or of all.
    """
    own = auditor.of(event, request_id=request_id(refused, target))
    if own or not target.has(Channel.REFUSAL_ROWS):
        return own
    return counting_rows(auditor, target, event, address=address)[:1]


def counting_rows(
    auditor: AuditReader, target: Target, event: Event, *, address: str | None
) -> list[AuditRow]:
    """Return the rows of an event that tell a count, waiting for one as long as it may take."""
    found: list[AuditRow] = []

    def look() -> bool:
        rows = auditor.rows(address=address)
        found[:] = [row for row in rows if row.count and auditor.is_one(row, event)]
        return bool(found)

    wait_for(look, target.limits.refusals_told_seconds + auditor.patience, auditor.pause)
    return found


def scopes_of(
    refused: Answer,
    auditor: AuditReader,
    target: Target,
    expected: Scope,
    address: str | None = None,
) -> list[str | None]:
    """Return the scopes that the rows of one refusal name, by our words.

    ``address`` is that of the refused request, where that is what was at its limit.
    """
    rows = rows_of_refusal(refused, Event.LIMIT_EXCEEDED, auditor, target, address)
    return [auditor.meaning("scope", row.scope, expected) for row in rows]
