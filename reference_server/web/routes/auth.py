"""The door of ``/auth``: sessions, begun with an API key and ended by their token."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from flask import Blueprint, Response, g, jsonify, request

from reference_server.audit.contracts import AuditEvent
from reference_server.core.vocabulary import EventType, Outcome, Scheme
from reference_server.web.answers import bad_request, forbidden
from reference_server.web.cookies import set_session_cookie

if TYPE_CHECKING:
    from reference_server.context import RequestContext
    from reference_server.core.principal import Principal
    from reference_server.parts import Parts
    from reference_server.sessions.contracts import Issued


def auth_routes(parts: Parts) -> Blueprint:
    """Return the blueprint of ``/auth``."""
    routes = Blueprint("auth", __name__, url_prefix="/auth")

    def placeholder() -> dict[str, bool]:
        return {"ok": True}

    def begin() -> Response:
        principal = _principal()
        # A session that could begin the next one would never end, and a thief's neither.
        if principal.scheme is not Scheme.API_KEY:
            return forbidden()
        if (unknown := _told()) is not None:
            message = "nothing can be asked for: a session is what its key is"
            return bad_request(unknown, message)
        issued = parts.tokens.issuer.issue(principal)
        return forbidden() if issued is None else _begun(parts, issued)

    def end() -> Response:
        token_id = _principal().token_id
        if token_id is None:
            message = "send the request with the token of the session that is to end"
            return bad_request("token", message)
        parts.tokens.ends.end(token_id)
        _audit(parts, EventType.SESSION_REVOKED, {"tokenId": token_id})
        response = Response(status=HTTPStatus.NO_CONTENT)
        set_session_cookie(parts, response, "", 0)
        return response

    routes.add_url_rule("/_placeholder", view_func=placeholder, methods=["GET"])
    routes.add_url_rule("/session", view_func=begin, methods=["POST"])
    routes.add_url_rule("/session", view_func=end, methods=["DELETE"], endpoint="end")
    return routes


def _begun(parts: Parts, issued: Issued) -> Response:
    told = {"tokenId": issued.token_id, "session": issued.session_id}
    _audit(parts, EventType.SESSION_ISSUED, {**told, "ends": issued.ends.isoformat()})
    response = jsonify(
        token=issued.token,
        tokenType="Bearer",
        expiresIn=issued.seconds,
        tokenId=issued.token_id,
        sessionId=issued.session_id,
    )
    response.status_code = HTTPStatus.CREATED
    set_session_cookie(parts, response, issued.token, issued.seconds)
    return response


def _told() -> str | None:
    """Return a field that the body has, or ``body`` where it is none that could be empty."""
    if not request.get_data(cache=True):
        return None
    body: Any = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        return "body"
    return next(iter(cast("dict[str, Any]", body)), None)


def _principal() -> Principal:
    context: RequestContext = g.context
    return context.caller


def _audit(parts: Parts, event_type: EventType, metadata: dict[str, str]) -> None:
    context: RequestContext = g.context
    event = AuditEvent(event_type, Outcome.SUCCESS, metadata=metadata)
    parts.trail.write(context.attribute(event))
