"""The stages that hold an address or a tenant to its request budget."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from flask import request

from reference_server.audit.contracts import AuditEvent
from reference_server.core.principal import NO_TENANT
from reference_server.core.vocabulary import Access, EventType, LimitScope, Outcome
from reference_server.web.answers import rate_limited
from reference_server.web.authorization.requests import basic_client
from reference_server.web.oauth_paths import is_counted, registered_in

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.limits.contracts import Limiter
    from reference_server.parts import Parts

AUTH = "/auth"


def limit_address(context: RequestContext, parts: Parts) -> Response | None:
    """Spend one request of the address, before anything costly is done, whatever key it has.

    Liveness costs next to nothing, and is told however often a monitor asks.
    """
    if context.access is Access.LIVENESS:
        return None
    return _spend(context, LimitScope.ADDRESS, parts.limits.address, context.site)


def limit_auth(context: RequestContext, parts: Parts) -> Response | None:
    """Spend one of the few requests that an address has for ``/auth/*``, whatever the method."""
    if context.path != AUTH and not context.path.startswith(AUTH + "/"):
        return None
    return _spend(context, LimitScope.AUTH, parts.limits.auth, context.site)


def limit_oauth(context: RequestContext, parts: Parts) -> Response | None:
    """Spend one of the requests that a client has from an address at the authorization server.

    Neither counts alone: hosted clients share their addresses, and a client's id is no secret.
    """
    authorization = parts.oauth.authorization
    if authorization is None or context.access not in {Access.PUBLIC, Access.BROWSER}:
        return None
    if not is_counted(context.path):
        return None
    client = hashlib.sha256(_client_named(context).encode("utf-8", "replace")).hexdigest()
    subject = f"{context.site} {client}"
    return _spend(context, LimitScope.OAUTH, authorization.requests, subject)


def _client_named(context: RequestContext) -> str:
    """Return the client that a request says it is of; "" where it says none."""
    registered = registered_in(context.path)
    if registered is not None:
        return registered
    told = request.args if context.method == "GET" else request.form
    basic = basic_client(request.headers.get("Authorization", ""))
    return told.get("client_id") or basic or ""


def limit_tenant(context: RequestContext, parts: Parts) -> Response | None:
    """Spend one request of the tenant and rate tier, over all their keys and addresses.

    Who has no tenant is counted by address: one of them uses up nothing of the others'.
    """
    principal = context.principal
    if principal is None:
        return None
    limiter = parts.limits.tiers.get(principal.rate_tier, parts.limits.tenant)
    nobody = principal.tenant_id == NO_TENANT
    subject = context.site if nobody else str(principal.tenant_id)
    return _spend(context, LimitScope.TENANT, limiter, subject)


def _spend(
    context: RequestContext, scope: LimitScope, limiter: Limiter, subject: str
) -> Response | None:
    """Refuse with 429 when the subject has no request left."""
    admission = limiter.admit(subject)
    context.admissions[scope] = admission
    if admission.admitted:
        return None
    context.events.append(
        AuditEvent(EventType.RATE_LIMIT_EXCEEDED, Outcome.FAILURE, metadata={"scope": scope.value})
    )
    return rate_limited(admission)
