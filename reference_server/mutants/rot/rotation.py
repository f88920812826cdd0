"""Defects of key rotation."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast
from uuid import UUID, uuid4

from sqlalchemy import text

from reference_server.core.settings import Limits
from reference_server.core.vocabulary import Access
from reference_server.keys.contracts import Rotation
from reference_server.keys.directory import generate_key
from reference_server.keys.rotation import SqlKeyRotation
from reference_server.mutants.auth.keys import directory
from reference_server.mutants.bending import (
    OPEN_KEYS,
    before,
    engine_of,
    mutant,
    replaced,
    rotating,
    with_stage,
)
from reference_server.observability.logs import log_event
from reference_server.parts import with_parts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from flask import Response
    from sqlalchemy import Connection

    from reference_server.context import RequestContext
    from reference_server.core.principal import Principal
    from reference_server.parts import Parts


class _Afterwards:
    """Rotates, then does one statement more over the tenant's older keys."""

    def __init__(self, parts: Parts, statement: str) -> None:
        self._rotation, self._engine = parts.keys.rotation, engine_of(parts)
        self._clock, self._statement = parts.clock, text(statement)

    def rotate(self, tenant_id: UUID, description: str) -> Rotation | None:
        rotation = self._rotation.rotate(tenant_id, description)
        now = self._clock.now()
        values = {"tenant": tenant_id, "now": now, "later": now + timedelta(days=365)}
        with self._engine.begin() as connection:
            connection.execute(self._statement, values)
        return rotation


_OLDER = """
    tenant_id = :tenant AND id <> (
        SELECT id FROM api_keys WHERE tenant_id = :tenant ORDER BY created_at DESC LIMIT 1)"""


def _afterwards(change: str) -> Callable[[Parts], Parts]:
    # Both halves are this module's own text.
    statement = f"UPDATE api_keys SET {change} WHERE {_OLDER}"  # noqa: S608
    return replaced({"keys.rotation": lambda parts: _Afterwards(parts, statement)})


def _short_grace(parts: Parts) -> SqlKeyRotation:
    limits = replace(Limits(), rotation_grace=3600)
    return SqlKeyRotation(engine_of(parts), parts.keys.hasher, parts.clock, limits)


class _Admitting:
    """Admits tokens by a weaker rule than equality."""

    def __init__(self, parts: Parts, rule: Callable[[str, Callable[[str], bool]], bool]) -> None:
        self._gate, self._rule = parts.keys.admin_gate, rule

    def admits(self, presented: str | None) -> bool:
        return self._rule(presented or "", self._gate.admits)


def _anything(presented: str, admits: Callable[[str], bool]) -> bool:
    del admits
    return bool(presented)


def _one_character_off(presented: str, admits: Callable[[str], bool]) -> bool:
    # The demo's token is base64 of 32 bytes, so its last character is always this one.
    return admits(presented) or admits(presented[:-1] + "=") or admits(presented + "=")


def _rotate_first(context: RequestContext, parts: Parts) -> Response | None:
    from flask import request

    if context.access is Access.ADMIN and request.is_json:
        body = cast("dict[str, str]", request.get_json(silent=True) or {})
        if not parts.keys.admin_gate.admits(context.credential) and "tenantId" in body:
            parts.keys.rotation.rotate(UUID(body["tenantId"]), "before the token was looked at")
    return None


def _rotate_before_validation(context: RequestContext, parts: Parts) -> Response | None:
    from flask import request

    if context.access is Access.ADMIN and parts.keys.admin_gate.admits(context.credential):
        body = cast("dict[str, str]", request.get_json(silent=True) or {})
        if body.get("description") == "" and "tenantId" in body:
            parts.keys.rotation.rotate(UUID(body["tenantId"]), "not validated yet")
    return None


class _Inventing:
    """Rotates for tenants that do not exist, too, as far as the caller can see."""

    def __init__(self, parts: Parts) -> None:
        self._rotation, self._clock = parts.keys.rotation, parts.clock

    def rotate(self, tenant_id: UUID, description: str) -> Rotation | None:
        found = self._rotation.rotate(tenant_id, description)
        return found or Rotation(uuid4(), generate_key(), self._clock.now())


class _OneAtATime:
    """Refuses a rotation while another one runs."""

    def __init__(self, parts: Parts) -> None:
        self._rotation, self._lock = parts.keys.rotation, threading.Lock()
        self._never = threading.Event()

    def rotate(self, tenant_id: UUID, description: str) -> Rotation | None:
        if not self._lock.acquire(blocking=False):
            raise RuntimeError("another rotation is running")  # which nobody expected: 500
        try:
            self._never.wait(0.05)  # what a slow key store takes
            return self._rotation.rotate(tenant_id, description)
        finally:
            self._lock.release()


class _AllAtOnce(SqlKeyRotation):
    """Takes no turns: rotations of one tenant overlook each other's new keys."""

    def take_turn(self, connection: Connection, tenant_id: UUID) -> None:
        connection.execute(text("SELECT CAST(:tenant AS text)"), {"tenant": str(tenant_id)})


class _Caching:
    """Remembers for a minute whose key a digest is, in the memory of one process."""

    def __init__(self, parts: Parts) -> None:
        self._directory, self._revocation = parts.keys.directory, parts.keys.revocation
        self._known: dict[str, tuple[Principal, datetime]] = {}

    def find(self, digest: str, now: datetime) -> Principal | None:
        known = self._known.get(digest)
        if known is not None and known[1] <= now < known[1] + timedelta(minutes=1):
            return known[0]
        found = self._directory.find(digest, now)
        if found is not None:
            self._known[digest] = (found, now)
        return found

    def revoke(self, tenant_id: UUID, key_id: UUID) -> datetime | None:
        self._known.clear()
        return self._revocation.revoke(tenant_id, key_id)


def _cached(parts: Parts) -> Parts:
    return with_parts(parts, {"keys.directory": _Caching(parts)})


def _cached_by_process(parts: Parts) -> Parts:
    caching = _Caching(parts)
    return with_parts(parts, {"keys.directory": caching, "keys.revocation": caching})


class _Noting:
    """Says that a key is revoked, and leaves it to a job at night."""

    def __init__(self, parts: Parts) -> None:
        self._clock = parts.clock

    def revoke(self, tenant_id: UUID, key_id: UUID) -> datetime | None:
        del tenant_id, key_id
        return self._clock.now()


class _Telling:
    """Writes the new key into the log, for support."""

    def __init__(self, parts: Parts) -> None:
        self._rotation = parts.keys.rotation

    def rotate(self, tenant_id: UUID, description: str) -> Rotation | None:
        rotation = self._rotation.rotate(tenant_id, description)
        if rotation is not None:
            log_event("rotated", None, issued=rotation.api_key)
        return rotation


_EVERY = "UPDATE api_keys SET expires_at = CAST(:now AS timestamptz) + interval '1 day'"


def _everybody(parts: Parts) -> Parts:
    statement = f"{_EVERY} WHERE tenant_id <> :tenant AND expires_at > :now"
    return replaced({"keys.rotation": lambda parts: _Afterwards(parts, statement)})(parts)


MUTANTS = (
    mutant(
        "minted-key-logged",
        "LOG-07 ROT-05",
        "The new key is logged, under a name that no redactor knows.",
        parts=replaced({"keys.rotation": _Telling}),
    ),
    mutant(
        "unknown-tenant-rotated",
        "ROT-06",
        "A rotation for a tenant that does not exist answers with a key.",
        parts=replaced({"keys.rotation": _Inventing}),
    ),
    mutant(
        "rotates-before-it-validates",
        "ROT-06",
        "The description is validated when the tenant's keys have been rotated.",
        parts=with_stage("authenticate", before(_rotate_before_validation)),
    ),
    mutant(
        "grace-prolonged-by-rotation",
        "ROT-07",
        "Each rotation gives every old key of the tenant a day more.",
        parts=_afterwards("expires_at = CAST(:now AS timestamptz) + interval '1 day'"),
        sql=OPEN_KEYS,
    ),
    mutant(
        "rotation-touches-everyone",
        "ROT-06 ROT-07",
        "A rotation puts the keys of all tenants into their grace.",
        parts=_everybody,
        sql=OPEN_KEYS,
    ),
    mutant(
        "revoked-key-cached",
        "ROT-09",
        "Whose a key is, is remembered for a minute.",
        parts=_cached,
    ),
    mutant(
        "revocation-known-to-one-worker",
        "ROT-09",
        "A revocation clears the cache of the worker that carried it out.",
        parts=_cached_by_process,
    ),
    mutant(
        "revocation-by-night",
        "ROT-09",
        "A revocation is answered at once and carried out later.",
        parts=replaced({"keys.revocation": _Noting}),
    ),
    mutant(
        "rotations-collide",
        "ROT-08",
        "A rotation that meets another one fails.",
        parts=replaced({"keys.rotation": _OneAtATime}),
    ),
    mutant(
        "rotations-overlook-each-other",
        "ROT-08",
        "Rotations at once do not take turns, so none puts the others' new keys into grace.",
        parts=rotating(_AllAtOnce),
    ),
    mutant(
        "rotated-key-works-later",
        "ROT-01 ROT-08",
        "A new key is found only when a cache of keys, a minute old, is renewed.",
        parts=directory(
            "revoked_at IS NULL AND expires_at > :now"
            " AND (created_at < CAST(:now AS timestamptz) - interval '1 minute'"
            " OR description NOT LIKE '%onformance run')"
        ),
        sql=OPEN_KEYS,
    ),
    mutant(
        "rotation-revokes-at-once",
        "ROT-02 ROT-08",
        "A rotation revokes the old key instead of giving it a grace.",
        parts=_afterwards("revoked_at = CAST(:now AS timestamptz)"),
        sql=OPEN_KEYS,
    ),
    mutant(
        "grace-of-an-hour",
        "ROT-02",
        "The grace is one hour instead of a day.",
        parts=replaced({"keys.rotation": _short_grace}),
    ),
    mutant(
        "grace-never-ends",
        "ROT-03 ROT-07 ROT-08",
        "A rotation leaves the old keys as they were.",
        parts=_afterwards("expires_at = CAST(:later AS timestamptz)"),
        sql=OPEN_KEYS,
    ),
    mutant(
        "any-admin-token-works",
        "ROT-04",
        "That there is an admin token is checked, not which.",
        parts=replaced({"keys.admin_gate": lambda parts: _Admitting(parts, _anything)}),
    ),
    mutant(
        "admin-token-nearly-right",
        "ROT-04",
        "The end of the admin token is not compared.",
        parts=replaced({"keys.admin_gate": lambda parts: _Admitting(parts, _one_character_off)}),
    ),
    mutant(
        "rotates-before-it-refuses",
        "ROT-04",
        "A wrong admin token gets its 401 after the rotation was done.",
        parts=with_stage("authenticate", before(_rotate_first)),
    ),
)
