"""What the mail provider reports, and the page by which whoever gets mail has no more of it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, g, jsonify, request

from reference_server.audit.contracts import AuditEvent
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.mail.contracts import Happened
from reference_server.web.answers import error
from reference_server.web.mail_paths import UNSUBSCRIBE, WEBHOOK

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from reference_server.context import RequestContext
    from reference_server.mail.contracts import MailParts, Told
    from reference_server.parts import Parts

_HEAD: Final = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Unsubscribe</title>'
_ASKING: Final = (
    f"{_HEAD}<h1>Unsubscribe</h1><p>You will get no more mail of this sender.</p>"
    '<form method="post"><button>Unsubscribe</button></form></html>'
)
_DONE: Final = f"{_HEAD}<h1>Done</h1><p>You will get no more mail of this sender.</p></html>"


def mail_routes(parts: Parts, mail: MailParts) -> Blueprint:
    """Return the blueprint of the provider's webhook and of the links in messages."""
    routes = Blueprint("mail", __name__)

    def webhook() -> Response:
        body = request.get_data()
        headers = {name.lower(): value for name, value in request.headers.items()}
        if not mail.webhooks.admits(headers, body):
            _audit(parts, EventType.MAIL_WEBHOOK_REFUSED, Outcome.FAILURE, None, {})
            return error(HTTPStatus.BAD_REQUEST, "invalid_webhook")
        told = mail.read(body)
        if told is not None:
            _carry_out(parts, mail, told)
        return jsonify(ok=True)  # what is none of ours, too, or it would come again

    def unsubscribe(word: str) -> Response:
        known = mail.links.read(word)
        if known is None:
            return error(HTTPStatus.NOT_FOUND, "not_found")
        if request.method != "POST":  # programs that look at links must change nothing
            return _page(_ASKING)
        tenant, message = known
        if mail.ledger.end(tenant, message):
            told = {"reason": "unsubscribed", "message": str(message)}
            _audit(parts, EventType.MAIL_SUPPRESSED, Outcome.SUCCESS, tenant, told)
        return _page(_DONE)

    routes.add_url_rule(WEBHOOK, view_func=webhook, methods=["POST"])
    rule = f"{UNSUBSCRIBE}<word>"
    routes.add_url_rule(rule, view_func=unsubscribe, methods=["GET", "POST"])
    return routes


def _carry_out(parts: Parts, mail: MailParts, told: Told) -> None:
    metadata: dict[str, Any] = {"message": str(told.message)}
    if told.happened is Happened.COMPLAINED:
        if mail.ledger.end(told.tenant, told.message):
            metadata["reason"] = "complained"
            _audit(parts, EventType.MAIL_SUPPRESSED, Outcome.SUCCESS, told.tenant, metadata)
        return
    count = mail.ledger.fail(told.tenant, told.message)
    if count is None:
        return
    _audit(parts, EventType.MAIL_FAILED, Outcome.SUCCESS, told.tenant, metadata)
    if count == mail.suppressed_after:
        metadata["reason"] = "failures"
        _audit(parts, EventType.MAIL_SUPPRESSED, Outcome.SUCCESS, told.tenant, metadata)


def _audit(
    parts: Parts,
    event: EventType,
    outcome: Outcome,
    tenant: UUID | None,
    metadata: dict[str, Any],
) -> None:
    context: RequestContext = g.context
    told = AuditEvent(event, outcome, tenant_id=tenant, metadata=dict(metadata))
    parts.trail.write(context.attribute(told))


def _page(text: str) -> Response:
    return Response(text, content_type="text/html; charset=utf-8")
