"""The operator's door. The chain has checked the admin token before a view here runs."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from flask import Blueprint, Response, g, jsonify, request

from reference_server.answers import error
from reference_server.parts import AuditEvent
from reference_server.vocabulary import EventType, Outcome

if TYPE_CHECKING:
    from reference_server.context import RequestContext
    from reference_server.parts import Parts

LONGEST_DESCRIPTION = 120
"""Characters of a key's description (seed 004 D3)."""


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
            tenant_id, description = _read_rotation()
        except BadFieldError as bad:
            return error(
                HTTPStatus.BAD_REQUEST, "invalid_request", field=bad.field, message=str(bad)
            )
        return _rotate(parts, tenant_id, description)

    routes.add_url_rule("/api-keys/rotate", view_func=rotate, methods=["POST"])
    return routes


def _rotate(parts: Parts, tenant_id: UUID, description: str) -> Response:
    rotation = parts.key_rotation.rotate(tenant_id, description)
    if rotation is None:
        return error(
            HTTPStatus.NOT_FOUND, "not_found", field="tenantId", message="there is no such tenant"
        )
    context: RequestContext = g.context
    event = AuditEvent(EventType.KEY_ROTATED, Outcome.SUCCESS, tenant_id=tenant_id)
    parts.trail.write(context.attribute(event))
    return jsonify(apiKey=rotation.api_key, graceUntil=rotation.grace_until.isoformat())


def _read_rotation() -> tuple[UUID, str]:
    """Return tenant and description of the body; BadFieldError names what is wrong with it."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise BadFieldError("body", "the body must be a JSON object")
    fields = cast("dict[str, Any]", body)
    return _read_tenant(fields.get("tenantId")), _read_description(fields.get("description"))


def _read_tenant(value: object) -> UUID:
    try:
        tenant_id = UUID(value) if isinstance(value, str) else None
    except ValueError:
        tenant_id = None
    # UUID() also takes braces, a urn: prefix and missing hyphens; a tenant has one spelling.
    if tenant_id is None or str(tenant_id) != str(value).lower():
        raise BadFieldError("tenantId", "tenantId must be a UUID")
    return tenant_id


def _read_description(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_DESCRIPTION:
        raise BadFieldError(
            "description", f"description must be a text of 1 to {LONGEST_DESCRIPTION} characters"
        )
    if "\0" in value:
        raise BadFieldError("description", "description must not hold a NUL character")
    return value
