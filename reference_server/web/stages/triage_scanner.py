"""The stage that refuses what looks like a mass scanner's request, before anybody routes it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from reference_server.audit.contracts import AuditEvent
from reference_server.core.vocabulary import Access, EventType, Outcome, ScannerCheck
from reference_server.observability.logs import log_event
from reference_server.web.answers import forbidden
from reference_server.web.mail_paths import is_unsubscribing
from reference_server.web.oauth_paths import is_for_programs

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.limits.contracts import Admission
    from reference_server.parts import Parts
    from reference_server.scanner.contracts import ScannerParts

WELL_KNOWN = "/.well-known/"
"""Documents that clients read before they can have a credential (RFC 8615).

The official Python SDK names no agent while it does (python-sdk, issue 1664).
"""
SHOWS = "with a credential"
SHOWN = 256
"""Characters of a path and of an agent that are told: enough to know a scanner by."""


def triage_scanner(context: RequestContext, parts: Parts) -> Response | None:
    """Refuse a probe's path, a scanner's agent, or a script's pace; the first that fires is told.

    No credential helps: whether it is right, a later stage finds out. Liveness is told to all, as
    monitors ask for it without any.
    """
    scanner = parts.scanner
    if context.access is Access.LIVENESS or not scanner.is_on:
        return None
    agents = [value for name, value in context.headers if name.lower() == "user-agent"]
    is_anybodys = context.path.startswith(WELL_KNOWN) or _is_for_clients(context)
    counted = None if is_anybodys else _count(context, scanner)
    if scanner.paths.refuses(context.path):
        fired = ScannerCheck.PATH
    elif (agents or not is_anybodys) and scanner.agents.refuses(agents):
        fired = ScannerCheck.AGENT
    elif counted is not None and not counted.admitted:
        fired = ScannerCheck.VELOCITY
    else:
        return None
    _tell(context, parts, fired, ", ".join(agents), _velocity(counted))
    return forbidden()


def _is_for_clients(context: RequestContext) -> bool:
    """Tell whether a URL is one that many ask from one address, with no credential in a header.

    The authorization server's counts its requests by client; a link to unsubscribe by is signed.
    """
    is_one = is_for_programs(context.path) or is_unsubscribing(context.path)
    return context.access is Access.PUBLIC and is_one


def _count(context: RequestContext, scanner: ScannerParts) -> Admission | None:
    """Count the request if it shows no credential; None if it does.

    Callers with a key have limits of their own, and a wrong one counts as a failure. They are
    counted all the same, by themselves and for nothing: else the time of a refusal would tell a
    missing key from a wrong one, by a whole question where the counts are another machine's.
    """
    shown = {name.lower() for name, _ in context.headers}
    is_counted = shown.isdisjoint(scanner.credentials)
    admission = scanner.velocity.admit(context.site if is_counted else f"{context.site} {SHOWS}")
    return admission if is_counted else None


def _velocity(counted: Admission | None) -> int:
    """Return the requests counted in a window, this one among them."""
    if counted is None:
        return 0
    return counted.limit - counted.budget().remaining + (not counted.admitted)


def _tell(
    context: RequestContext, parts: Parts, fired: ScannerCheck, agent: str, velocity: int
) -> None:
    """Leave one event of the denial, in the log and in the trail."""
    # Scrubbed before it is cut: half a token would pass for none.
    told = {
        "check": fired.value,
        "path": str(parts.redactor.scrub(context.path))[:SHOWN],
        "user_agent": str(parts.redactor.scrub(agent))[:SHOWN],
        "velocity": velocity,
    }
    kind = EventType.SCANNER_DENIED
    log_event(kind.value, context.request_id, logging.WARNING, error=None, **told)
    context.events.append(AuditEvent(kind, Outcome.FAILURE, metadata=told))
