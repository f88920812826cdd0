"""The stage that finds out who calls: by API key, session token or a proxy's word.

On admin URLs it is the admin token alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.audit.contracts import AuditEvent
from reference_server.core.vocabulary import Access, EventType, Outcome, Reason, TokenMethod
from reference_server.keys.lookup import look_up
from reference_server.sessions.contracts import Found, Missed
from reference_server.web.refusing import count_failure, refuse_caller

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.core.principal import Principal
    from reference_server.parts import Parts


def authenticate(context: RequestContext, parts: Parts) -> Response | None:
    """Set the principal, or count the failure and refuse with the one 401.

    Missing, unknown, revoked and expired keys take the same path: digest, query, audit row. Tokens
    have one of their own, without a query, which is the same whatever is wrong with them.
    """
    if context.access in {Access.PUBLIC, Access.LIVENESS}:
        return None
    if context.access is Access.BROWSER:
        _recognize(context, parts)
        return None
    if context.access is Access.ADMIN:
        context.is_admin = parts.keys.admin_gate.admits(context.credential)
        known = context.is_admin
    elif isinstance(context.extracted, Found) and parts.tokens.validator.asks:
        known = _admit(context, _holder(context.extracted, context, parts))
    elif _may_be_nobody(context, parts):
        known = _admit_nobody(context, parts.tokens.validator.absent())
    else:
        known = _find_by_key(context, parts)
    return None if known else _refuse(context, parts)


def _holder(found: Found, context: RequestContext, parts: Parts) -> Principal | None:
    if found.method is TokenMethod.PROXY:
        return parts.tokens.proxies.verify(found.token, context.method, context.path)
    holder = parts.tokens.validator.validate(found.token)
    if holder is None or holder.client_id is None:
        return holder
    # What a client was given is good for the resource that it was given for, and in no browser.
    is_right = context.is_mcp and found.method is TokenMethod.AUTHORIZATION
    return holder if is_right else None


def _recognize(context: RequestContext, parts: Parts) -> None:
    """Find out who a browser's session is of; a page tells whoever has none to sign in.

    Nothing else that is presented counts there: a browser adds none of it by itself.
    """
    found = context.extracted
    if not parts.tokens.validator.asks or not isinstance(found, Found):
        return
    if found.method is TokenMethod.COOKIE:
        _admit(context, _holder(found, context, parts))


def _admit(context: RequestContext, holder: Principal | None) -> bool:
    if holder is None:
        return False
    context.principal = holder
    context.events.append(AuditEvent(EventType.SESSION_SUCCESS, Outcome.SUCCESS))
    return True


def _may_be_nobody(context: RequestContext, parts: Parts) -> bool:
    """Tell whether the mode lets in who presents nothing, and nothing was presented here."""
    validator = parts.tokens.validator
    if not validator.asks:
        return True
    is_absent = isinstance(context.extracted, Missed) and context.extracted.is_absent
    return is_absent and context.is_mcp and validator.absent() is not None


def _admit_nobody(context: RequestContext, nobody: Principal | None) -> bool:
    context.principal = nobody
    context.events.append(AuditEvent(EventType.SESSION_ANONYMOUS, Outcome.SUCCESS))
    return nobody is not None


def _find_by_key(context: RequestContext, parts: Parts) -> bool:
    now = parts.clock.now()
    principal = look_up(parts.keys, context.credential, now)
    if principal is None:
        return False
    context.principal = principal
    if principal.key_id is not None:
        parts.keys.use.record(principal.key_id, now)
    context.events.append(AuditEvent(EventType.AUTH_SUCCESS, Outcome.SUCCESS))
    return True


def _refuse(context: RequestContext, parts: Parts) -> Response:
    context.events.append(_failure(context))
    context.events += count_failure(context, parts)
    return refuse_caller(context, parts)


def _failure(context: RequestContext) -> AuditEvent:
    """Return the row of the failure: of what was presented it has the way by which it came."""
    metadata = {"reason": Reason.INVALID.value}
    event = EventType.AUTH_FAILURE
    if context.access is Access.ADMIN:
        event = EventType.ADMIN_AUTH_FAILURE
    elif isinstance(context.extracted, Found):
        event = EventType.SESSION_FAILURE
        metadata["method"] = context.extracted.method.value
    elif isinstance(context.extracted, Missed) and not context.extracted.is_absent:
        event = EventType.SESSION_FAILURE
        metadata["failure"] = context.extracted.reason.value
    if event in {EventType.AUTH_FAILURE, EventType.ADMIN_AUTH_FAILURE}:
        is_missing = context.credential is None
        metadata["reason"] = (Reason.MISSING if is_missing else Reason.INVALID).value
    return AuditEvent(event, Outcome.FAILURE, metadata=metadata)
