"""The stage that holds each address to its request budget, before anything costly is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.audit.contracts import AuditEvent
from reference_server.core.vocabulary import EventType, LimitScope, Outcome
from reference_server.web.answers import rate_limited

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts


def limit_address(context: RequestContext, parts: Parts) -> Response | None:
    """Spend one request of the address; refuse with 429 when none is left, whatever key it has."""
    admission = parts.limits.address.admit(context.address)
    context.admissions[LimitScope.ADDRESS] = admission
    if admission.admitted:
        return None
    context.events.append(
        AuditEvent(
            EventType.RATE_LIMIT_EXCEEDED,
            Outcome.FAILURE,
            metadata={"scope": LimitScope.ADDRESS.value},
        )
    )
    return rate_limited(admission)
