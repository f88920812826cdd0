"""Connecting a platform, as far as it goes without one: a state is made, and used once."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from flask import Blueprint, Response, g, jsonify, request

from reference_server.audit.contracts import AuditEvent
from reference_server.core.vocabulary import EventType, Outcome, Platform
from reference_server.web.answers import error

if TYPE_CHECKING:
    from uuid import UUID

    from reference_server.context import RequestContext
    from reference_server.parts import Parts

LONGEST_STATE = 256
"""Characters of a state that are looked at: ours have 43."""


def oauth_routes(parts: Parts) -> Blueprint:
    """Return the blueprint of ``/oauth``; a platform that is not listed has no URLs."""
    routes = Blueprint("oauth", __name__, url_prefix="/oauth")

    def start(platform: str) -> Response:
        flow = parts.oauth.states.start(_tenant(), platform)
        _audit(parts, EventType.FLOW_STARTED, Outcome.SUCCESS, platform)
        return jsonify(
            state=flow.state,
            codeChallenge=flow.code_challenge,
            codeChallengeMethod=flow.code_challenge_method,
            expiresIn=flow.expires_in,
        )

    def callback(platform: str) -> Response:
        state = _read_state()
        if state is None or parts.oauth.states.finish(_tenant(), platform, state) is None:
            _audit(parts, EventType.FLOW_FAILED, Outcome.FAILURE, platform)
            # One answer for unknown, used, expired and foreign states.
            return error(HTTPStatus.BAD_REQUEST, "invalid_state", field="state")
        _audit(parts, EventType.FLOW_COMPLETED, Outcome.SUCCESS, platform)
        return jsonify(ok=True, platform=platform)

    platforms = ",".join(Platform)
    rule = f"/<any({platforms}):platform>"
    routes.add_url_rule(f"{rule}/start", view_func=start, methods=["POST"])
    routes.add_url_rule(f"{rule}/callback", view_func=callback, methods=["POST"])
    return routes


def _tenant() -> UUID:
    context: RequestContext = g.context
    return context.caller.tenant_id


def _audit(parts: Parts, event_type: EventType, outcome: Outcome, platform: str) -> None:
    context: RequestContext = g.context
    event = AuditEvent(event_type, outcome, metadata={"platform": platform})
    parts.trail.write(context.attribute(event))


def _read_state() -> str | None:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        return None
    state = cast("dict[str, Any]", body).get("state")
    return state if isinstance(state, str) and 1 <= len(state) <= LONGEST_STATE else None
