"""Defects of the administrator's door: who is let in, and what is done though nobody was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from flask import request
from sqlalchemy import text

from reference_server.core.vocabulary import Access
from reference_server.mutants.bending import (
    OPEN_KEYS,
    before,
    engine_of,
    mutant,
    replaced,
    with_stage,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.keys.contracts import AdminGate
    from reference_server.parts import Parts

    Stage = Callable[[RequestContext, Parts], Response | None]

REVOCATION = "/admin/api-keys/revoke"
ENOUGH = 12
"""Characters of a token that are compared."""


class _Beginning:
    """Compares the beginning of a token with that of the one that has worked."""

    def __init__(self, gate: AdminGate) -> None:
        self._gate, self._begins = gate, ""

    def admits(self, presented: str | None) -> bool:
        token = presented or ""
        if self._gate.admits(presented):
            self._begins = token[:ENOUGH]
            return True
        return bool(self._begins) and token.startswith(self._begins)


def _is_wrong_revocation(context: RequestContext, parts: Parts) -> bool:
    is_one = context.access is Access.ADMIN and context.path == REVOCATION
    return is_one and not parts.keys.admin_gate.admits(context.credential)


def _without_a_token(stage: Stage) -> Stage:
    def bent(context: RequestContext, parts: Parts) -> Response | None:
        if _is_wrong_revocation(context, parts) and context.credential is None:
            context.is_admin = True
            return None
        return stage(context, parts)

    return bent


def _from_this_machine(stage: Stage) -> Stage:
    def bent(context: RequestContext, parts: Parts) -> Response | None:
        said = request.headers.get("X-Real-IP") or request.headers.get("X-Forwarded-For")
        if context.access is Access.ADMIN and context.credential is None and said == "127.0.0.1":
            context.is_admin = True
            return None
        return stage(context, parts)

    return bent


def _revoke_first(context: RequestContext, parts: Parts) -> Response | None:
    if _is_wrong_revocation(context, parts):
        body = cast("dict[str, str]", request.get_json(silent=True) or {})
        parts.keys.revocation.revoke(UUID(body["tenantId"]), UUID(body["keyId"]))
    return None


def _trusting_the_body(context: RequestContext, parts: Parts) -> Response | None:
    del parts
    if context.path == REVOCATION:
        body: Any = request.get_json(silent=True)
        body.setdefault("keyId", None)
    return None


class _EndsMore:
    """Revokes a key, and some more."""

    def __init__(self, parts: Parts, more: str) -> None:
        self._revocation, self._engine = parts.keys.revocation, engine_of(parts)
        # Every rule is this module's own text.
        self._more = text(f"UPDATE api_keys SET revoked_at = :now WHERE {more}")  # noqa: S608

    def revoke(self, tenant_id: UUID, key_id: UUID) -> datetime | None:
        revoked_at = self._revocation.revoke(tenant_id, key_id)
        if revoked_at is not None:
            values = {"now": revoked_at, "tenant": tenant_id, "key": key_id}
            with self._engine.begin() as connection:
                connection.execute(self._more, values)
        return revoked_at


def _ending(more: str) -> Callable[[Parts], Parts]:
    return replaced({"keys.revocation": lambda parts: _EndsMore(parts, more)})


MUTANTS = (
    mutant(
        "admin-token-by-its-beginning",
        "ROT-04",
        "The first twelve characters of the admin token are compared.",
        parts=replaced({"keys.admin_gate": lambda parts: _Beginning(parts.keys.admin_gate)}),
    ),
    mutant(
        "revocation-without-a-token",
        "ROT-04",
        "The route that revokes keys lets in who sends no admin token at all.",
        parts=with_stage("authenticate", _without_a_token),
    ),
    mutant(
        "admin-from-this-machine",
        "ROT-04",
        "Who says that it comes from the server's own machine needs no admin token.",
        parts=with_stage("authenticate", _from_this_machine),
    ),
    mutant(
        "revokes-before-it-refuses",
        "ROT-04",
        "A wrong admin token gets its 401 after the key was revoked.",
        parts=with_stage("authenticate", before(_revoke_first)),
    ),
    mutant(
        "bad-revocation-crashes",
        "ROT-06",
        "A revocation whose body is no object is an error that nobody expected.",
        parts=with_stage("require_permission", before(_trusting_the_body)),
    ),
    mutant(
        "revocation-ends-the-tenant",
        "ROT-09",
        "A revocation ends all keys of the tenant.",
        parts=_ending("tenant_id = :tenant"),
        sql=OPEN_KEYS,
    ),
    mutant(
        "revocation-by-description",
        "ROT-09",
        "A revocation ends all keys of the same description, of whatever tenant.",
        parts=_ending("description = (SELECT description FROM api_keys WHERE id = :key)"),
        sql=OPEN_KEYS,
    ),
    mutant(
        "revocation-by-place",
        "ROT-09",
        "Where the key is not the tenant's newest, the first keys of the others end with it.",
        parts=_ending(
            "id IN (SELECT min(id::text)::uuid FROM api_keys WHERE tenant_id <> :tenant"
            " AND revoked_at IS NULL AND expires_at > :now GROUP BY tenant_id)"
            " AND EXISTS (SELECT 1 FROM api_keys newer JOIN api_keys own ON own.id = :key"
            " WHERE newer.tenant_id = :tenant AND newer.created_at > own.created_at)"
        ),
        sql=OPEN_KEYS,
    ),
)
