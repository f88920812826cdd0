"""Defects of scopes: what a client may do beyond them, and what it is told of them."""

from __future__ import annotations

import re
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from reference_server.mutants.auth.challenges import FIELD, challenged, without_metadata
from reference_server.mutants.bending import Beside, mutant, replaced
from reference_server.mutants.benign.edge import rewritten
from reference_server.permissions.contracts import Decision

if TYPE_CHECKING:
    from reference_server.core.principal import Principal
    from reference_server.mutants.benign.edge import Reply

_SCOPE = re.compile(rb', scope="[^"]*"')


class _AsksForNoConsent(Beside):
    """Lets a client do whatever its user may."""

    def for_tool(self, principal: Principal, tool: str) -> Decision:
        found: Decision = self.real.for_tool(principal, tool)
        return Decision.ALLOWED if found is Decision.NO_CONSENT else found


class _ByTheLetter(Beside):
    """Looks for each scope by its name, whatever another one implies."""

    def for_tool(self, principal: Principal, tool: str) -> Decision:
        found: Decision = self.real.for_tool(principal, tool)
        if principal.client_id is None or found is not Decision.ALLOWED:
            return found
        is_named = self.consent_for(tool) in principal.scope
        return found if is_named else Decision.NO_CONSENT


def _as_invalid(reply: Reply) -> Reply:
    """Have a client renew a token that is good, again and again."""
    if reply.status != HTTPStatus.FORBIDDEN or b"insufficient_scope" not in reply.field(FIELD):
        return reply
    told = reply.field(FIELD).replace(b"insufficient_scope", b"invalid_token")
    return replace(reply, status=int(HTTPStatus.UNAUTHORIZED)).with_field(FIELD, told)


def _without_scope(field: bytes) -> bytes:
    return _SCOPE.sub(b"", field)


def _of_the_token(field: bytes) -> bytes:
    return _SCOPE.sub(b', scope="mcp:read"', field)


def _with_refreshing(field: bytes) -> bytes:
    return _SCOPE.sub(b', scope="mcp:read offline_access"', field)


MUTANTS = (
    mutant(
        "scope-unchecked",
        "OAUTH-17",
        "A client may do whatever its user may, and not what that has granted to it.",
        parts=replaced({"permissions": lambda parts: _AsksForNoConsent(parts.permissions)}),
    ),
    mutant(
        "scope-by-the-letter",
        "OAUTH-17",
        "A client that may write must be granted to read as well.",
        parts=replaced({"permissions": lambda parts: _ByTheLetter(parts.permissions)}),
    ),
    mutant(
        "scope-untold-at-the-door",
        "OAUTH-17",
        "The challenge of a 401 does not say which scopes to ask for.",
        parts=challenged(_without_scope),
    ),
    mutant(
        "scope-with-refreshing",
        "OAUTH-17",
        "The challenge of a 401 has every client ask for access while its user is away.",
        parts=challenged(_with_refreshing),
    ),
    mutant(
        "scope-untold-in-refusals",
        "OAUTH-17",
        "A client that lacks a scope is not told which.",
        parts=challenged(_without_scope, HTTPStatus.FORBIDDEN),
    ),
    mutant(
        "scope-of-the-token",
        "OAUTH-17",
        "A client that lacks a scope is told those that it has.",
        parts=challenged(_of_the_token, HTTPStatus.FORBIDDEN),
    ),
    mutant(
        "scope-refused-without-metadata",
        "OAUTH-17",
        "A client that lacks a scope is not led to the metadata.",
        parts=challenged(without_metadata, HTTPStatus.FORBIDDEN),
    ),
    mutant(
        "scope-refused-as-invalid",
        "OAUTH-17",
        "A client that lacks a scope is told that its token is invalid.",
        parts=rewritten(_as_invalid),
    ),
)
