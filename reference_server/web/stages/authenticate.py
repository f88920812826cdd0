"""The stage that finds out who calls: by API key, or on admin URLs by the admin token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.audit.contracts import AuditEvent
from reference_server.core.vocabulary import Access, EventType, Outcome, Reason
from reference_server.web.answers import unauthorized

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts

ABSENT = "absent"
"""What is digested and looked up for a missing key. No minted key is this short."""


def authenticate(context: RequestContext, parts: Parts) -> Response | None:
    """Set the principal, or count the failure and refuse with the one 401.

    Missing, unknown, revoked and expired keys take the same path: digest, query, audit row.
    """
    if context.access in {Access.PUBLIC, Access.LIVENESS}:
        return None
    if context.access is Access.ADMIN:
        context.is_admin = parts.keys.admin_gate.admits(context.credential)
        known = context.is_admin
    else:
        known = _find_principal(context, parts)
    return None if known else _refuse(context, parts)


def _find_principal(context: RequestContext, parts: Parts) -> bool:
    now = parts.clock.now()
    digest = parts.keys.hasher.digest(ABSENT if context.credential is None else context.credential)
    principal = parts.keys.directory.find(digest, now)
    if principal is None or context.credential is None:
        return False
    context.principal = principal
    parts.keys.use.record(principal.key_id, now)
    context.events.append(AuditEvent(EventType.AUTH_SUCCESS, Outcome.SUCCESS))
    return True


def _refuse(context: RequestContext, parts: Parts) -> Response:
    is_admin_url = context.access is Access.ADMIN
    event = EventType.ADMIN_AUTH_FAILURE if is_admin_url else EventType.AUTH_FAILURE
    reason = Reason.MISSING if context.credential is None else Reason.INVALID
    context.events.append(AuditEvent(event, Outcome.FAILURE, metadata={"reason": reason.value}))
    if parts.limits.block.record_failure(context.site):
        context.events.append(
            AuditEvent(
                EventType.BLOCKED_ADDRESS,
                Outcome.FAILURE,
                metadata={"reason": Reason.ENGAGED.value},
            )
        )
    return unauthorized()
