"""The operator's door. The chain has checked the admin token before a view here runs."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from flask import Blueprint, Response, g, jsonify, request

from reference_server.audit.contracts import AuditEvent
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.web.answers import error

if TYPE_CHECKING:
    from reference_server.context import RequestContext
    from reference_server.parts import Parts

LONGEST_DESCRIPTION = 120
"""Characters of a key's description."""


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

    routes.add_url_rule("/api-keys/rotate", view_func=rotate, methods=["POST"])
    routes.add_url_rule("/api-keys/revoke", view_func=revoke, methods=["POST"])
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


def _audit(parts: Parts, event_type: EventType, tenant_id: UUID, key_id: UUID) -> None:
    context: RequestContext = g.context
    metadata = {"keyId": str(key_id)}
    event = AuditEvent(event_type, Outcome.SUCCESS, tenant_id=tenant_id, metadata=metadata)
    parts.trail.write(context.attribute(event))


def _refuse(bad: BadFieldError) -> Response:
    return error(HTTPStatus.BAD_REQUEST, "invalid_request", field=bad.field, message=str(bad))


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
    value = fields.get("description")
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_DESCRIPTION:
        raise BadFieldError(
            "description", f"description must be a text of 1 to {LONGEST_DESCRIPTION} characters"
        )
    if "\0" in value:
        raise BadFieldError("description", "description must not hold a NUL character")
    return value
