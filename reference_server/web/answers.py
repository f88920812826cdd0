"""The answers of the security chain and the routes: small JSON bodies that give nothing away."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response

from reference_server.sessions.contracts import Missed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.core.vocabulary import LimitScope
    from reference_server.limits.contracts import Admission
    from reference_server.sessions.contracts import Found

_encode = json.JSONEncoder(separators=(",", ":")).encode

AUTHENTICATION_SCHEME = 'ApiKey realm="mcp"'
"""The challenge that RFC 9110 section 15.5.2 asks of every 401."""

_BEARER = 'Bearer realm="mcp"'
_INVALID_TOKEN = f'{_BEARER}, error="invalid_token"'
"""RFC 6750 section 3.1."""


def error(status: int, code: str, **fields: object) -> Response:
    """Return ``{"error": code}`` with the status; ``fields``, as JSON, join the body in order."""
    body = _encode({"error": code, **fields})
    return Response(body, status=status, content_type="application/json")


def bad_request(field: str, message: str) -> Response:
    """Return the 400 that says which field of a request is no good, and what it should be."""
    return error(HTTPStatus.BAD_REQUEST, "invalid_request", field=field, message=message)


def redirected(location: str) -> Response:
    """Return an answer that no browser sends the form on with (RFC 9700 section 4.12)."""
    return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": location})


def unauthorized(extracted: Found | Missed | None = None, metadata: str = "") -> Response:
    """Return the one 401: the same for whatever is wrong with a credential, and for a block.

    ``extracted`` is what the caller himself sent where session tokens are looked for, if they are:
    only that is told, and nothing that the server knows. Where no token was found the body names
    the failure, and that of each method; a token that was found is called invalid, whatever it is.
    With ``metadata``, further parameters of it, the challenge for bearer tokens is always there.
    """
    challenges, told = [AUTHENTICATION_SCHEME], {}
    if isinstance(extracted, Missed):
        challenges.append(_BEARER + metadata)
        tried = {method.value: failure.value for method, failure in extracted.tried.items()}
        told = {"reason": extracted.reason.value, "tried": tried}
    elif extracted is not None:
        challenges.append(_INVALID_TOKEN + metadata)
    elif metadata:
        challenges.append(_BEARER + metadata)
    response = error(HTTPStatus.UNAUTHORIZED, "unauthorized", **told)
    response.headers["WWW-Authenticate"] = ", ".join(challenges)
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
