"""Defects that show in time alone: every answer is the right one."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from flask import request
from sqlalchemy import text

from reference_server.keys.lookup import ABSENT
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
    from reference_server.core.principal import Principal
    from reference_server.keys.contracts import AdminGate, KeyDirectory
    from reference_server.mutants.bending import Stage
    from reference_server.parts import Parts

_WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{43}")
_PREFIX = 8
_RECORD = text("SELECT id FROM api_keys WHERE key_hash = :digest")
_NAME = text("SELECT name FROM tenants WHERE id = :tenant")
_KEYS = text("SELECT count(*) FROM api_keys WHERE tenant_id = :tenant")


def busy(microseconds: float) -> None:
    """Work for a time: a thread that waits instead would be late by whatever the kernel likes."""
    end = time.perf_counter_ns() + microseconds * 1000
    while time.perf_counter_ns() < end:
        pass


class _Directory:
    """Does something with a digest before it is looked up; True means: do not look it up."""

    def __init__(self, parts: Parts, act: Callable[[str, datetime], bool]) -> None:
        self._directory, self._act = parts.keys.directory, act

    def find(self, digest: str, now: datetime) -> Principal | None:
        return None if self._act(digest, now) else self._directory.find(digest, now)


def _missing_not_looked_up(parts: Parts) -> KeyDirectory:
    absent = parts.keys.hasher.digest(ABSENT)
    return _Directory(parts, lambda digest, _: digest == absent)


def _missing_explained(parts: Parts) -> KeyDirectory:
    """Count the tenant's keys when none is presented, for a hint in the log."""
    absent, engine = parts.keys.hasher.digest(ABSENT), engine_of(parts)

    def act(digest: str, _: datetime) -> bool:
        if digest == absent:
            with engine.connect() as connection:
                connection.execute(text("SELECT count(*) FROM api_keys"))
        return False

    return _Directory(parts, act)


class _Remembering:
    """Digests keys and keeps in mind what the last one of this thread looked like."""

    def __init__(self, parts: Parts, skips: Callable[[str], bool]) -> None:
        self._hasher, self._directory, self._skips = parts.keys.hasher, parts.keys.directory, skips
        self.skipped = secrets.token_hex(32)

    def digest(self, raw_key: str) -> str:
        if raw_key != ABSENT and self._skips(raw_key):
            return self.skipped
        return self._hasher.digest(raw_key)

    def find(self, digest: str, now: datetime) -> Principal | None:
        return None if digest == self.skipped else self._directory.find(digest, now)


def _skipping(skips: Callable[[str], bool]) -> Callable[[Parts], Parts]:
    def bend(parts: Parts) -> Parts:
        both = _Remembering(parts, skips)
        return replaced({"keys.hasher": lambda _: both, "keys.directory": lambda _: both})(parts)

    return bend


def _is_malformed(raw_key: str) -> bool:
    return _WELL_FORMED.fullmatch(raw_key) is None


def _once_good(
    condition: str, work: Callable[[Parts], Callable[[], None]]
) -> Callable[[Parts], Parts]:
    """Return a change of parts that does some work for keys that exist under a condition.

    Whether one does is found out for every key, so that only the work tells them apart.
    """
    # The condition is this module's own text.
    query = text(f"SELECT id FROM api_keys WHERE key_hash = :digest AND {condition}")  # noqa: S608

    def directory(parts: Parts) -> KeyDirectory:
        engine = engine_of(parts).execution_options(isolation_level="AUTOCOMMIT")
        act_on = work(parts)

        def act(digest: str, now: datetime) -> bool:
            with engine.connect() as connection:
                row = connection.execute(query, {"digest": digest, "now": now}).one_or_none()
            if row is not None:
                act_on()
            return False

        return _Directory(parts, act)

    return replaced({"keys.directory": directory})


def _second_query(parts: Parts) -> Callable[[], None]:
    engine = engine_of(parts)

    def work() -> None:
        with engine.connect() as connection:
            connection.execute(_RECORD, {"digest": "revoked"})

    return work


def _spending(microseconds: float, one_in: int = 1) -> Callable[[Parts], Callable[[], None]]:
    def work() -> None:
        if secrets.randbelow(one_in) == 0:
            busy(microseconds)

    return lambda _: work


class _Prefixes:
    """Finds keys by a public prefix first, and digests slowly only where one is known.

    The server knows the prefixes of the keys that have worked.
    """

    def __init__(self, parts: Parts, known: Callable[[str, set[str]], None]) -> None:
        self._hasher, self._directory, self._known = parts.keys.hasher, parts.keys.directory, known
        self._good: set[str] = set()
        self._digested: dict[str, str] = {}

    def digest(self, raw_key: str) -> str:
        self._known(raw_key, self._good)
        digest = self._hasher.digest(raw_key)
        if len(self._digested) < 64:  # noqa: PLR2004 -- the first keys that work are enough
            self._digested[digest] = raw_key
        return digest

    def find(self, digest: str, now: datetime) -> Principal | None:
        found = self._directory.find(digest, now)
        if found is not None and digest in self._digested:
            self._good.add(self._digested[digest])
        return found


def _slow_digest_of_known_prefix(raw_key: str, good: set[str]) -> None:
    if any(raw_key[:_PREFIX] == key[:_PREFIX] for key in good):
        hashlib.pbkdf2_hmac("sha256", raw_key.encode("utf-8", "replace"), b"salt", 600)


def _compared_byte_by_byte(raw_key: str, good: set[str]) -> None:
    for key in good:
        compare(raw_key, key, 8)


def compare(presented: str, expected: str, microseconds: float) -> bool:
    """Compare until the first difference; each byte costs what is planted, to be seen at all."""
    for left, right in zip(presented, expected, strict=False):
        if left != right:
            return False
        busy(microseconds)
    return len(presented) == len(expected)


def _prefixed(known: Callable[[str, set[str]], None]) -> Callable[[Parts], Parts]:
    def bend(parts: Parts) -> Parts:
        both = _Prefixes(parts, known)
        return replaced({"keys.hasher": lambda _: both, "keys.directory": lambda _: both})(parts)

    return bend


class _ComparedBytewise:
    """Compares the admin token byte by byte with the one that has worked."""

    def __init__(self, gate: AdminGate) -> None:
        self._gate, self._token = gate, ""

    def admits(self, presented: str | None) -> bool:
        compare(presented or "", self._token, 8)
        admitted = self._gate.admits(presented)
        if admitted:
            self._token = presented or ""
        return admitted


class _LengthFirst:
    """Digests an admin token slowly, but only one as long as that which has worked."""

    def __init__(self, gate: AdminGate) -> None:
        self._gate, self._length = gate, 0

    def admits(self, presented: str | None) -> bool:
        token = presented or ""
        if len(token) == self._length:
            hashlib.pbkdf2_hmac("sha256", token.encode("utf-8", "replace"), b"salt", 600)
        admitted = self._gate.admits(presented)
        if admitted:
            self._length = len(token)
        return admitted


def _looking_up(work: Callable[[Parts, UUID], None]) -> Callable[[Stage], Stage]:
    """Look up the tenant that a rotation names before anybody is asked who he is.

    Whether there is one is found out for every name, so that only the work tells them apart.
    """

    def look(context: RequestContext, parts: Parts) -> Response | None:
        tenant = _tenant_named() if context.path.startswith("/admin/") else None
        if tenant is not None:
            with parts.sessions.begin(tenant) as connection:
                found = connection.execute(_NAME, {"tenant": tenant}).one_or_none()
            if found is not None:
                work(parts, tenant)
        return None

    return before(look)


def _tenant_named() -> UUID | None:
    fields = request.get_json(silent=True)
    try:
        return UUID(cast("dict[str, Any]", fields)["tenantId"])
    except (TypeError, KeyError, ValueError, AttributeError):
        return None


def _count_keys(parts: Parts, tenant: UUID) -> None:
    with parts.sessions.begin(tenant) as connection:
        connection.execute(_KEYS, {"tenant": tenant})


def _read_settings(parts: Parts, tenant: UUID) -> None:
    del parts, tenant
    busy(200)


_REVOKED = "revoked_at IS NOT NULL"
_EXPIRED = "revoked_at IS NULL AND expires_at <= :now"

MUTANTS = (
    mutant(
        "missing-key-not-looked-up",
        "TIME-01",
        "A missing key is refused without a query.",
        parts=replaced({"keys.directory": _missing_not_looked_up}),
    ),
    mutant(
        "missing-key-explained",
        "TIME-01",
        "A missing key costs a query more, for a hint in the log.",
        parts=replaced({"keys.directory": _missing_explained}),
        sql=OPEN_KEYS,
    ),
    mutant(
        "malformed-key-not-looked-up",
        "TIME-02",
        "A key of another form is refused before it is digested and looked up.",
        parts=_skipping(_is_malformed),
    ),
    mutant(
        "revoked-key-looked-up-twice",
        "TIME-03",
        "A revoked key costs a second query.",
        parts=_once_good(_REVOKED, _second_query),
        sql=OPEN_KEYS,
    ),
    mutant(
        "expired-key-slower",
        "TIME-03",
        "An expired key costs 200 µs more, for the letter that reminds its owner.",
        parts=_once_good(_EXPIRED, _spending(200)),
        sql=OPEN_KEYS,
    ),
    mutant(
        "revoked-key-sometimes-slower",
        "TIME-03",
        "One request in ten with a revoked key takes 1 ms longer, to refresh a cache.",
        parts=_once_good(_REVOKED, _spending(1000, one_in=10)),
        sql=OPEN_KEYS,
    ),
    mutant(
        "known-prefix-digested-slowly",
        "TIME-04",
        "Only a key whose prefix is known is digested with a slow hash.",
        parts=_prefixed(_slow_digest_of_known_prefix),
    ),
    mutant(
        "keys-compared-byte-by-byte",
        "TIME-04",
        "Keys are compared with known ones until the first byte that differs.",
        parts=_prefixed(_compared_byte_by_byte),
    ),
    mutant(
        "admin-token-compared-byte-by-byte",
        "TIME-05",
        "The admin token is compared until the first byte that differs.",
        parts=replaced({"keys.admin_gate": lambda parts: _ComparedBytewise(parts.keys.admin_gate)}),
    ),
    mutant(
        "admin-token-length-first",
        "TIME-05",
        "Only an admin token of the right length is digested.",
        parts=replaced({"keys.admin_gate": lambda parts: _LengthFirst(parts.keys.admin_gate)}),
    ),
    mutant(
        "keys-of-a-named-tenant-counted",
        "TIME-06",
        "The keys of the tenant that a rotation names are counted before the token is judged.",
        parts=with_stage("authenticate", _looking_up(_count_keys)),
    ),
    mutant(
        "settings-of-a-named-tenant-read",
        "TIME-06",
        "A tenant that exists costs 200 µs more, to read its settings, whatever the token.",
        parts=with_stage("authenticate", _looking_up(_read_settings)),
    ),
)
