"""The refusal of whoever could not be let in: it depends on what he sent, and on nothing else."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from reference_server.audit.contracts import AuditEvent
from reference_server.context import MCP_PATH
from reference_server.core.vocabulary import (
    Access,
    EventType,
    Outcome,
    Permission,
    Reason,
    TokenMethod,
)
from reference_server.keys.lookup import look_up
from reference_server.sessions.contracts import Found
from reference_server.web.answers import error, unauthorized
from reference_server.web.oauth_paths import RESOURCE_METADATA
from reference_server.web.presented import read_presented

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts


def refuse_caller(context: RequestContext, parts: Parts) -> Response:
    """Return the 401 for a request, whichever stage has found out that it must be refused.

    What came of looking for a token is told also where a key came first, or where a block refuses
    before anybody has looked.
    """
    if context.access is Access.ADMIN:
        return unauthorized()
    told = _metadata(context, parts)
    extractor = parts.tokens.extractor
    extracted = context.extracted
    if extracted is None:
        extracted = extractor.extract(context.headers, is_mcp=context.is_mcp)
    if isinstance(extracted, Found) and extractor.yields(context.headers):
        # It was the key that did not count, and the token was not looked at.
        return unauthorized(None, told)
    return unauthorized(extracted, told)


def count_failure(context: RequestContext, parts: Parts) -> list[AuditEvent]:
    """Count a failure against the address; return the row of the block, where that begins now."""
    if not parts.limits.block.record_failure(context.site):
        return []
    metadata = {"reason": Reason.ENGAGED.value}
    return [AuditEvent(EventType.BLOCKED_ADDRESS, Outcome.FAILURE, metadata=metadata)]


def _metadata(context: RequestContext, parts: Parts) -> str:
    """Return what the challenge tells clients of where to get a token (RFC 9728 section 5.1).

    And the least that they need to ask for (RFC 6750 section 3).
    """
    return _where_to_ask(parts, Permission.READ) if context.is_mcp else ""


def lacking_scope(parts: Parts, scope: str) -> Response:
    """Return the 403 for a client whose user has not granted it what it would need.

    All that it needs for this is told at once (MCP 2026-07-28, Scope Challenge Handling).
    """
    response = error(HTTPStatus.FORBIDDEN, "insufficient_scope")
    where = _where_to_ask(parts, scope)
    challenge = f'Bearer realm="mcp", error="insufficient_scope"{where}'
    response.headers["WWW-Authenticate"] = challenge
    return response


def _where_to_ask(parts: Parts, scope: str) -> str:
    authorization = parts.oauth.authorization
    if authorization is None:
        return ""
    url = authorization.issuer + RESOURCE_METADATA + MCP_PATH
    return f', resource_metadata="{url}", scope="{scope}"'


def take_as_long(context: RequestContext, parts: Parts) -> None:
    """Do for a caller who is refused unheard what it takes to find out who he is.

    StorageUnavailableError as for anybody else.
    """
    read_presented(context, parts)
    found = context.extracted
    if not isinstance(found, Found):
        look_up(parts.keys, context.credential, parts.clock.now())
    elif found.method is not TokenMethod.PROXY:  # to verify a proxy's word would use it up
        parts.tokens.validator.validate(found.token)
