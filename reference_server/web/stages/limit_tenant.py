"""The stage that holds each tenant to its request budget, over all its keys and addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.audit.contracts import AuditEvent
from reference_server.core.vocabulary import EventType, LimitScope, Outcome
from reference_server.web.answers import rate_limited

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts


def limit_tenant(context: RequestContext, parts: Parts) -> Response | None:
    """Spend one request of the tenant; refuse with 429 when none is left."""
    if context.principal is None:
        return None
    admission = parts.limits.tenant.admit(str(context.principal.tenant_id))
    context.admissions[LimitScope.TENANT] = admission
    if admission.admitted:
        return None
    context.events.append(
        AuditEvent(
            EventType.RATE_LIMIT_EXCEEDED,
            Outcome.FAILURE,
            metadata={"scope": LimitScope.TENANT.value},
        )
    )
    return rate_limited(admission)
