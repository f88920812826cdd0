"""Defects of API-key authentication."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import request
from sqlalchemy import text

from reference_server.core.principal import Principal
from reference_server.core.settings import Limits
from reference_server.core.vocabulary import Access
from reference_server.db.session import SqlTenantSessions
from reference_server.keys.lookup import ABSENT
from reference_server.keys.rotation import SqlKeyRotation
from reference_server.mutants.bending import (
    OPEN_KEYS,
    before,
    engine_of,
    header,
    mutant,
    refusing,
    replaced,
    with_stage,
    with_tool,
)
from reference_server.parts import with_parts
from reference_server.web.answers import error, unauthorized

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from typing import Any
    from uuid import UUID

    from flask import Response
    from sqlalchemy import Engine

    from reference_server.context import RequestContext
    from reference_server.keys.contracts import CredentialReader, KeyHasher, Rotation
    from reference_server.mutants.bending import Stage
    from reference_server.parts import Parts
    from reference_server.tools.contracts import Caller

UNAUTHORIZED = HTTPStatus.UNAUTHORIZED
_WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{43}")


def told(code: str) -> Response:
    """Return a 401 with an error code of its own."""
    answer = unauthorized()
    answer.set_data(error(UNAUTHORIZED, code).get_data())
    return answer


def _missing_told(context: RequestContext) -> Response | None:
    return None if context.credential else told("api_key_required")


def _unknown_told(context: RequestContext) -> Response | None:
    return told("invalid_api_key") if context.credential else None


def _malformed_told(context: RequestContext) -> Response | None:
    if context.access is not Access.KEY or not context.credential:
        return None
    is_well_formed = _WELL_FORMED.fullmatch(context.credential)
    return None if is_well_formed else error(HTTPStatus.BAD_REQUEST, "malformed_api_key")


def _blank_refused(context: RequestContext, parts: Parts) -> Response | None:
    del parts
    key = header(context, "x-api-key")
    is_blank = key is not None and not key.strip()
    return error(HTTPStatus.BAD_REQUEST, "empty_api_key") if is_blank else None


def _crash_on_odd_bytes(context: RequestContext, parts: Parts) -> Response | None:
    del parts
    (context.credential or "").encode("ascii")
    return None


@dataclass(frozen=True)
class _Altered:
    """Digests keys once they were altered."""

    inner: KeyHasher
    alter: Callable[[str], str]

    def digest(self, raw_key: str) -> str:
        return self.inner.digest(self.alter(raw_key))


@dataclass(frozen=True)
class _PlainSha256:
    """Digests keys without a secret, as many tutorials do, and in capitals as many databases do."""

    spelt: Callable[[str], str] = str

    def digest(self, raw_key: str) -> str:
        return self.spelt(hashlib.sha256(raw_key.encode("utf-8", "surrogatepass")).hexdigest())


def hashing(make: Callable[[Parts], KeyHasher]) -> Callable[[Parts], Parts]:
    """Return a change of parts that digests keys in another way, wherever they are digested."""

    def bend(parts: Parts) -> Parts:
        hasher = make(parts)
        rotation = SqlKeyRotation(engine_of(parts), hasher, parts.clock, Limits())
        return with_parts(parts, {"keys.hasher": hasher, "keys.rotation": rotation})

    return bend


def altering(alter: Callable[[str], str]) -> Callable[[Parts], Parts]:
    """Return a change of parts that alters keys before they are digested."""
    return hashing(lambda parts: _Altered(parts.keys.hasher, alter))


class _Directory:
    """Looks keys up with another condition."""

    def __init__(self, engine: Engine, condition: str) -> None:
        self._engine = engine
        # The condition is this module's own text.
        self._query = text(
            f"SELECT id, tenant_id FROM api_keys WHERE key_hash = :digest AND {condition}"  # noqa: S608
        )

    def find(self, digest: str, now: datetime) -> Principal | None:
        with self._engine.connect() as connection:
            row = connection.execute(self._query, {"digest": digest, "now": now}).one_or_none()
        return None if row is None else Principal(tenant_id=row.tenant_id, key_id=row.id)


def directory(condition: str) -> Callable[[Parts], Parts]:
    """Return a change of parts that finds keys by another condition."""
    return replaced({"keys.directory": lambda parts: _Directory(engine_of(parts), condition)})


def _told_why(condition: str, code: str) -> Callable[[Stage], Stage]:
    """Swap the refusal of keys that exist under a condition for one that says so."""

    def around(stage: Stage) -> Stage:
        def bent(context: RequestContext, parts: Parts) -> Response | None:
            refusal = stage(context, parts)
            if refusal is None or context.access is not Access.KEY:
                return refusal
            # A missing key is looked up as well: time is not what this mutant lets slip.
            digest = parts.keys.hasher.digest(context.credential or ABSENT)
            known = _Directory(engine_of(parts), condition)
            found = known.find(digest, parts.clock.now())
            return told(code) if found else refusal

        return bent

    return around


class _AlsoReading:
    """Reads the key from a second place when its header is absent."""

    def __init__(self, reader: CredentialReader, second: Callable[[Any], str | None]) -> None:
        self._reader, self._second = reader, second

    def read(self, headers: Sequence[tuple[str, str]]) -> str | None:
        return self._reader.read(headers) or self._second(headers)


def _from_query(headers: Any) -> str | None:
    del headers
    return request.args.get("api_key")


def _from_cookie(headers: Any) -> str | None:
    del headers
    return request.cookies.get("api_key")


def _from_bearer(headers: Sequence[tuple[str, str]]) -> str | None:
    values = [value for name, value in headers if name.lower() == "authorization"]
    return values[0].removeprefix("Bearer ") if values else None


def also_from(second: Callable[[Any], str | None]) -> Callable[[Parts], Parts]:
    """Return a change of parts that accepts a key in one more place."""
    return replaced({"keys.reader": lambda parts: _AlsoReading(parts.keys.reader, second)})


class _NotNoting:
    """Forgets every use."""

    def record(self, key_id: UUID, used_at: datetime) -> None:
        pass

    def close(self) -> None:
        pass


class _NotingAtOnce:
    """Writes the use before the request goes on."""

    def __init__(self, parts: Parts) -> None:
        self._engine = engine_of(parts)

    def record(self, key_id: UUID, used_at: datetime) -> None:
        query = text("UPDATE api_keys SET last_used_at = :used WHERE id = :id")
        with self._engine.begin() as connection:
            connection.execute(query, {"used": used_at, "id": key_id})

    def close(self) -> None:
        pass


class _KeepingTheKey:
    """Writes the minted key beside its digest, spelt in some way."""

    def __init__(self, parts: Parts, spelt: Callable[[str], str] = str) -> None:
        self._rotation, self._engine = parts.keys.rotation, engine_of(parts)
        self._spelt = spelt

    def rotate(self, tenant_id: UUID, description: str) -> Rotation | None:
        rotation = self._rotation.rotate(tenant_id, description)
        if rotation is not None:
            query = text("INSERT INTO sync_log (tenant_id, platform, status) VALUES (:t, :k, 'ok')")
            with SqlTenantSessions(self._engine).begin(tenant_id) as connection:
                connection.execute(query, {"t": tenant_id, "k": self._spelt(rotation.api_key)})
        return rotation


def _in_hex(key: str) -> str:
    """Return a key as a column of bytes shows it."""
    return f"\\x{key.encode().hex()}"


def _in_base64(key: str) -> str:
    return base64.b64encode(key.encode()).decode()


_first_tenant: dict[str, str] = {}


def _first_caller_for_ever(arguments: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    del arguments
    tenant = _first_tenant.setdefault("id", str(caller.principal.tenant_id))
    return {"ok": True, "tenantId": tenant, "requestId": caller.request_id}


MUTANTS = (
    mutant(
        "missing-key-told-apart",
        "AUTH-01 AUTH-03 AUTH-16",
        "A missing key gets its own error code.",
        parts=with_stage("authenticate", refusing(_missing_told)),
    ),
    mutant(
        "blank-key-refused-as-malformed",
        "AUTH-02",
        "An empty key header is a 400 instead of a missing key.",
        parts=with_stage("extract_token", before(_blank_refused)),
    ),
    mutant(
        "unknown-key-told-apart",
        "AUTH-03 BLOCK-07",
        "An unknown key gets another error code than a missing one.",
        parts=with_stage("authenticate", refusing(_unknown_told)),
    ),
    mutant(
        "malformed-key-told-apart",
        "AUTH-04 AUTH-09",
        "A key of another form is a 400, which tells what a key looks like.",
        parts=with_stage("authenticate", refusing(_malformed_told)),
    ),
    mutant(
        "odd-bytes-crash",
        "AUTH-04",
        "A key outside ASCII raises in the middle of authentication: a 500.",
        parts=with_stage("authenticate", before(_crash_on_odd_bytes)),
    ),
    mutant(
        "key-case-ignored",
        "AUTH-04",
        "Keys are compared without regard to letter case.",
        parts=altering(str.lower),
    ),
    mutant(
        "key-quotes-stripped",
        "AUTH-04",
        "Quotes and padding around a key are stripped before it is looked up.",
        parts=altering(lambda key: key.strip("\"'=")),
    ),
    mutant(
        "key-stripped-of-any-blank",
        "AUTH-04",
        "Whatever the language takes for blank is stripped off a key's ends.",
        parts=altering(str.strip),
    ),
    mutant(
        "ping-remembers-first-tenant",
        "AUTH-05 MCP-02",
        "A tool keeps its first caller's tenant in a global.",
        parts=with_tool("ping", _first_caller_for_ever),
    ),
    mutant(
        "revoked-keys-accepted",
        "AUTH-06 ROT-09",
        "The lookup forgets to ask whether a key was revoked.",
        parts=directory("expires_at > :now"),
        sql=OPEN_KEYS,
    ),
    mutant(
        "revoked-key-told-apart",
        "AUTH-06",
        "A revoked key is told that it was revoked.",
        parts=with_stage("authenticate", _told_why("revoked_at IS NOT NULL", "key_revoked")),
        sql=OPEN_KEYS,
    ),
    mutant(
        "expired-keys-accepted",
        "AUTH-07 ROT-03 ROT-07 ROT-08",
        "The lookup forgets to ask whether a key has run out.",
        parts=directory("revoked_at IS NULL AND :now IS NOT NULL"),
        sql=OPEN_KEYS,
    ),
    mutant(
        "expired-key-told-apart",
        "AUTH-07",
        "An expired key is told that it has run out.",
        parts=with_stage("authenticate", _told_why("expires_at <= :now", "key_expired")),
        sql=OPEN_KEYS,
    ),
    mutant(
        "key-accepted-in-query",
        "AUTH-08",
        "A key in the query string works, and so ends up in every proxy's log.",
        parts=also_from(_from_query),
    ),
    mutant(
        "key-accepted-in-cookie",
        "AUTH-08",
        "A key in a cookie works, and so is sent by any page.",
        parts=also_from(_from_cookie),
    ),
    mutant(
        "key-accepted-as-bearer",
        "AUTH-08",
        "A key as a bearer token works, past whatever guards the key's own header.",
        parts=also_from(_from_bearer),
    ),
    mutant(
        "keys-stored-as-plain-sha256",
        "AUTH-13",
        "Keys are digested without a secret.",
        parts=hashing(lambda _: _PlainSha256()),
    ),
    mutant(
        "keys-stored-as-sha256-in-capitals",
        "AUTH-13",
        "Keys are digested without a secret, and the digests written in capitals.",
        parts=hashing(lambda _: _PlainSha256(str.upper)),
    ),
    mutant(
        "key-kept-for-support",
        "AUTH-13 ROT-05",
        "A new key is also written to another table, so that support can look it up.",
        parts=replaced({"keys.rotation": _KeepingTheKey}),
    ),
    mutant(
        "key-kept-as-bytes",
        "AUTH-13 ROT-05",
        "A new key is also written to another table as bytes, which show as hex.",
        parts=replaced({"keys.rotation": lambda parts: _KeepingTheKey(parts, _in_hex)}),
    ),
    mutant(
        "key-kept-in-base64",
        "AUTH-13 ROT-05",
        "A new key is also written to another table in base64, as if that were a cipher.",
        parts=replaced({"keys.rotation": lambda parts: _KeepingTheKey(parts, _in_base64)}),
    ),
    mutant(
        "last-use-never-noted",
        "AUTH-14",
        "The update of last_used_at is never awaited, so it never runs.",
        parts=replaced({"keys.use": lambda _: _NotNoting()}),
    ),
    mutant(
        "last-use-noted-in-line",
        "AUTH-14",
        "The update of last_used_at is part of the request.",
        parts=replaced({"keys.use": _NotingAtOnce}),
        sql=OPEN_KEYS,
    ),
)
