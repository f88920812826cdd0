"""How a request is found again in the trail: by its id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.profile.events import Event
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.trail.reader import AuditReader
    from conformance.profile.events import Scope
    from conformance.profile.target import Target


def request_id(answer: Answer, target: Target) -> str:
    """Return the id the target gave a request; without one the row cannot be found."""
    found = answer.header(target.headers.request_id)
    establish(found, f"the answer carries {target.headers.request_id}")
    return found or ""


def scopes_of(
    refused: Answer, auditor: AuditReader, target: Target, expected: Scope
) -> list[str | None]:
    """Return the scopes that the rows of one refusal name, by our words."""
    rows = auditor.of(Event.LIMIT_EXCEEDED, request_id=request_id(refused, target))
    return [auditor.meaning("scope", row.scope, expected) for row in rows]
