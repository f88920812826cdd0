"""How a request is found again in the trail: by its id, under the names of events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.sql.auditor import AuditReader
    from conformance.profile.target import Target

FAILURE = "api_key.auth_failure"
SUCCESS = "api_key.auth_success"


def request_id(answer: Answer, target: Target) -> str:
    """Return the id the target gave a request; without one the row cannot be found."""
    found = answer.header(target.headers.request_id)
    establish(found, f"the answer carries {target.headers.request_id}")
    return found or ""


def scopes_of(refused: Answer, auditor: AuditReader, target: Target) -> list[str | None]:
    """Return the scopes that the rows of one refusal name."""
    name = target.headers.request_id
    identity = refused.header(name)
    establish(identity, f"the answer carries {name}")
    rows = auditor.wait_for_rows(
        lambda row: row.event == "rate_limit.exceeded", request_id=identity
    )
    return [row.scope for row in rows]
