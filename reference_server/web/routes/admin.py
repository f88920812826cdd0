"""The operator's door. The chain has checked the admin token before a view here runs."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from flask import Blueprint, Response, g, jsonify, request

from reference_server.audit.contracts import AuditEvent
from reference_server.core.text import clean_text
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.web.answers import bad_request, error

if TYPE_CHECKING:
    from reference_server.context import RequestContext
    from reference_server.parts import Parts

LONGEST_DESCRIPTION = 120
"""Characters of a key's description."""

LONGEST_TOKEN_ID = 255
"""Characters of a token's id: no token that is let in has a longer one."""


class BadFieldError(ValueError):
    """A field of the body is missing or wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def admin_routes(parts: Parts) -> Blueprint:
    """Return the blueprint of ``/admin``."""
    routes = Blueprint("admin", __name__, url_prefix="/admin")

    def rotate() -> Response:
        try:
            fields = _read_object()
            tenant_id, description = _read_id(fields, "tenantId"), _read_description(fields)
        except BadFieldError as bad:
            return _refuse(bad)
        return _rotate(parts, tenant_id, description)

    def revoke() -> Response:
        try:
            fields = _read_object()
            tenant_id, key_id = _read_id(fields, "tenantId"), _read_id(fields, "keyId")
        except BadFieldError as bad:
            return _refuse(bad)
        return _revoke(parts, tenant_id, key_id)

    def revoke_session() -> Response:
        try:
            token_id = clean_text(_read_text(_read_object(), "tokenId", LONGEST_TOKEN_ID))
        except BadFieldError as bad:
            return _refuse(bad)
        return _revoke_session(parts, token_id)

    routes.add_url_rule("/api-keys/rotate", view_func=rotate, methods=["POST"])
    routes.add_url_rule("/api-keys/revoke", view_func=revoke, methods=["POST"])
    routes.add_url_rule("/sessions/revoke", view_func=revoke_session, methods=["POST"])
    return routes


def _rotate(parts: Parts, tenant_id: UUID, description: str) -> Response:
    rotation = parts.keys.rotation.rotate(tenant_id, description)
    if rotation is None:
        return _unknown("tenantId", "there is no such tenant")
    _audit(parts, EventType.KEY_ROTATED, tenant_id, rotation.key_id)
    return jsonify(
        keyId=str(rotation.key_id),
        apiKey=rotation.api_key,
        graceUntil=rotation.grace_until.isoformat(),
    )


def _revoke(parts: Parts, tenant_id: UUID, key_id: UUID) -> Response:
    revoked_at = parts.keys.revocation.revoke(tenant_id, key_id)
    if revoked_at is None:
        return _unknown("keyId", "the tenant has no such key")
    _audit(parts, EventType.KEY_REVOKED, tenant_id, key_id)
    return jsonify(keyId=str(key_id), revokedAt=revoked_at.isoformat())


def _revoke_session(parts: Parts, token_id: str) -> Response:
    """End a token: also one of which nothing is known, for no list of those that live is kept."""
    parts.tokens.ends.end(token_id)
    context: RequestContext = g.context
    metadata = {"tokenId": token_id}
    event = AuditEvent(EventType.SESSION_REVOKED, Outcome.SUCCESS, metadata=metadata)
    parts.trail.write(context.attribute(event))
    return jsonify(tokenId=token_id, revoked=True)


def _audit(parts: Parts, event_type: EventType, tenant_id: UUID, key_id: UUID) -> None:
    context: RequestContext = g.context
    metadata = {"keyId": str(key_id)}
    event = AuditEvent(event_type, Outcome.SUCCESS, tenant_id=tenant_id, metadata=metadata)
    parts.trail.write(context.attribute(event))


def _refuse(bad: BadFieldError) -> Response:
    return bad_request(bad.field, str(bad))


def _unknown(field: str, message: str) -> Response:
    return error(HTTPStatus.NOT_FOUND, "not_found", field=field, message=message)


def _read_object() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise BadFieldError("body", "the body must be a JSON object")
    return cast("dict[str, Any]", body)


def _read_id(fields: dict[str, Any], name: str) -> UUID:
    value = fields.get(name)
    try:
        found = UUID(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    # UUID() also takes braces, a urn: prefix and missing hyphens; an id has one spelling.
    if found is None or str(found) != str(value).lower():
        raise BadFieldError(name, f"{name} must be a UUID")
    return found


def _read_description(fields: dict[str, Any]) -> str:
    return _read_text(fields, "description", LONGEST_DESCRIPTION)


def _read_text(fields: dict[str, Any], name: str, longest: int) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise BadFieldError(name, f"{name} must be a text of 1 to {longest} characters")
    if "\0" in value:
        raise BadFieldError(name, f"{name} must not hold a NUL character")
    return value
