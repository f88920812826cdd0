"""The stage that holds each address to the strict budget of ``/auth/*`` (seed 004 E3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.audit.contracts import AuditEvent
from reference_server.core.vocabulary import EventType, LimitScope, Outcome
from reference_server.web.answers import rate_limited

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts

AUTH = "/auth"


def limit_auth(context: RequestContext, parts: Parts) -> Response | None:
    """Spend one request of the address on ``/auth/*``, whatever its method or answer; else 429."""
    if context.path != AUTH and not context.path.startswith(AUTH + "/"):
        return None
    admission = parts.limits.auth.admit(context.address)
    context.admissions[LimitScope.AUTH] = admission
    if admission.admitted:
        return None
    context.events.append(
        AuditEvent(
            EventType.RATE_LIMIT_EXCEEDED,
            Outcome.FAILURE,
            metadata={"scope": LimitScope.AUTH.value},
        )
    )
    return rate_limited(admission)
