"""The security chain, in order, once. Flask runs it for every URL, matched or not."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from reference_server.audit.contracts import AuditEvent
from reference_server.core.errors import StorageUnavailableError
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.observability.logs import log_event
from reference_server.web.answers import unavailable
from reference_server.web.stages.authenticate import authenticate
from reference_server.web.stages.block_address import block_address
from reference_server.web.stages.extract_token import extract_token
from reference_server.web.stages.identify_request import identify_request
from reference_server.web.stages.limit import limit_address, limit_auth, limit_oauth, limit_tenant
from reference_server.web.stages.open_audit_entry import open_audit_entry
from reference_server.web.stages.refuse_cross_site import refuse_cross_site
from reference_server.web.stages.require_permission import require_permission
from reference_server.web.stages.triage_scanner import triage_scanner

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts

PIPELINE = (
    identify_request,
    block_address,
    limit_address,
    limit_auth,
    limit_oauth,
    triage_scanner,
    extract_token,
    authenticate,
    refuse_cross_site,
    limit_tenant,
    require_permission,
    open_audit_entry,
)
"""The first stage that answers refuses. The address comes first because it costs least to refuse;
the tenant's limit needs to know the tenant; the trail comes last and before any view or tool."""


_ENDLESS = frozenset({EventType.BLOCKED_ADDRESS, EventType.RATE_LIMIT_EXCEEDED})
"""What an address is refused for however often it asks. Failures end, for they block it; and a
tenant's callers have each passed the limit of an address."""


def run_pipeline(context: RequestContext, parts: Parts) -> Response | None:
    """Return the refusal of the first stage that answers, audited; None lets the request pass.

    A guard that cannot decide refuses with 503, and so does a refusal that cannot be audited.
    """
    for stage in parts.web.pipeline:
        name = getattr(stage, "__name__", type(stage).__name__)
        try:
            refusal = stage(context, parts)
        except StorageUnavailableError as error:
            return _refuse_undecided(context, parts, name, error)
        if refusal is not None:
            return _audited(refusal, context, parts, name)
    return None


def _audited(refusal: Response, context: RequestContext, parts: Parts, stage: str) -> Response:
    try:
        _write_refusal(context, parts, stage)
    except StorageUnavailableError as error:
        _log_storage_failure(context, stage, error)
        return unavailable()
    return refusal


def _refuse_undecided(
    context: RequestContext, parts: Parts, stage: str, error: StorageUnavailableError
) -> Response:
    _log_storage_failure(context, stage, error)
    # The trail may be the very storage that is down; the log line above stands in for the row.
    if not context.is_unaudited:
        with suppress(StorageUnavailableError):
            _write_refusal(context, parts, stage)
    return unavailable()


def _write_refusal(context: RequestContext, parts: Parts, stage: str) -> None:
    """Store the waiting rows, each failure under its stage; one of our own if none is.

    Of refusals that anybody can have without end, those that repeat are counted instead.
    """
    waiting, context.events = context.events, []
    if all(event.outcome is Outcome.SUCCESS for event in waiting):
        waiting.append(AuditEvent(EventType.REQUEST_REFUSED, Outcome.FAILURE))
    rows = [context.attribute(_staged(event, stage)) for event in waiting]
    if len(rows) == 1 and rows[0].event_type in _ENDLESS and context.principal is None:
        context.is_counted = parts.repeats.counts(rows[0])
    if not context.is_counted:
        parts.trail.write(*rows)


def _staged(event: AuditEvent, stage: str) -> AuditEvent:
    if event.outcome is Outcome.SUCCESS:
        return event
    return replace(event, metadata={**(event.metadata or {}), "stage": stage})


def _log_storage_failure(
    context: RequestContext, stage: str, error: StorageUnavailableError
) -> None:
    log_event("storage_unavailable", context.request_id, logging.ERROR, error=error, stage=stage)
