"""The answers of the security chain and the routes: small JSON bodies that give nothing away."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.core.vocabulary import LimitScope
    from reference_server.limits.contracts import Admission

_encode = json.JSONEncoder(separators=(",", ":")).encode

AUTHENTICATION_SCHEME = 'ApiKey realm="mcp"'
"""The challenge that RFC 9110 section 15.5.2 asks of every 401."""


def error(status: int, code: str, **fields: str) -> Response:
    """Return ``{"error": code}`` with the status; ``fields`` join the body in order."""
    body = _encode({"error": code, **fields})
    return Response(body, status=status, content_type="application/json")


def unauthorized() -> Response:
    """Return the one 401: the same for a missing, wrong, revoked or expired key and for a block."""
    response = error(HTTPStatus.UNAUTHORIZED, "unauthorized")
    response.headers["WWW-Authenticate"] = AUTHENTICATION_SCHEME
    return response


def forbidden() -> Response:
    """Return the 403 for a known caller who may not do this."""
    return error(HTTPStatus.FORBIDDEN, "forbidden")


def rate_limited(admission: Admission) -> Response:
    """Return the 429 whose Retry-After, in whole seconds, is long enough to be admitted."""
    response = error(HTTPStatus.TOO_MANY_REQUESTS, "rate_limit_exceeded")
    response.headers["Retry-After"] = str(max(1, admission.retry_after))
    return response


def rate_limit_fields(admissions: Mapping[LimitScope, Admission]) -> dict[str, str]:
    """Return the fields of draft-ietf-httpapi-ratelimit-headers, revision 11, for the limits asked.

    ``q`` requests in any ``w`` seconds; ``r`` are left, and in ``t`` seconds one more than that.
    StorageUnavailableError when what is left cannot be found out.
    """
    policies = [
        f'"{scope}";q={found.limit};w={found.window}' for scope, found in admissions.items()
    ]
    left = [_left(scope, found) for scope, found in admissions.items()]
    if not policies:
        return {}
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(left)}


def _left(scope: LimitScope, found: Admission) -> str:
    budget = found.budget()
    return f'"{scope}";r={budget.remaining};t={found.retry_after or budget.reset_after}'


def unavailable() -> Response:
    """Return the 503 for a guard that cannot decide: no decision is a refusal."""
    return error(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable")
