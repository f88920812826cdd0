"""Secrets of which something else is kept: a copy, or what was to be deleted."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import text

from reference_server.core.errors import UnknownObjectError
from reference_server.mutants.bending import BentTrail, mutant
from reference_server.mutants.vault._bending import BesideBackend, backed, backed_in_rows, credited
from reference_server.parts import with_parts
from reference_server.vault.credentials import SqlCredentials

if TYPE_CHECKING:
    from uuid import UUID

    from reference_server.audit.contracts import AuditEvent
    from reference_server.parts import Parts
    from reference_server.vault.envelope import PostgresSecrets

_NOTED = text("""
    INSERT INTO sync_log (tenant_id, platform, status, error)
    VALUES (:tenant, 'vault', 'stored', :error)
""")
_BYTES = text("""
    INSERT INTO platform_credentials (tenant_id, platform, account_id, wrapped_key, sealed_tokens)
    VALUES (:tenant, 'vault', gen_random_uuid()::text, '', :tokens)
""")


@dataclass(frozen=True)
class _Noting(BesideBackend):
    def store_secret(self, org: UUID, value: str) -> str:
        with cast("PostgresSecrets", self.real).sessions.begin(org) as connection:
            connection.execute(_NOTED, {"tenant": org, "error": f"stored {value} for later"})
        return super().store_secret(org, value)


@dataclass(frozen=True)
class _Migrating(BesideBackend):
    def store_secret(self, org: UUID, value: str) -> str:
        tokens = base64.b64encode(value.encode())
        with cast("PostgresSecrets", self.real).sessions.begin(org) as connection:
            connection.execute(_BYTES, {"tenant": org, "tokens": tokens})
        return super().store_secret(org, value)


def _telling(parts: Parts) -> Parts:
    """Return parts whose trail has what was stored last, as a row of a tool's call."""
    last: list[str] = []

    @dataclass(frozen=True)
    class Remembering(BesideBackend):
        def store_secret(self, org: UUID, value: str) -> str:
            last[:] = [value.encode().hex()]
            return super().store_secret(org, value)

    def told(event: AuditEvent) -> list[AuditEvent]:
        known = event.metadata or {}
        if known.get("tool") != "store_credential" or not last:
            return [event]
        return [replace(event, metadata={**known, "input": last[0]})]

    bent = backed(Remembering)(parts)
    return with_parts(bent, {"trail": BentTrail(bent.trail, told)})


@dataclass(frozen=True)
class _Keeping(BesideBackend):
    def delete_secret(self, org: UUID, credential_ref: str) -> bool:
        del org, credential_ref
        return True


@dataclass(frozen=True)
class _Obliging(SqlCredentials):
    def delete(self, tenant: UUID, credential_ref: str) -> None:
        del tenant, credential_ref


@dataclass(frozen=True)
class _Trusting(SqlCredentials):
    """Deletes what a reference names, whoever names it."""

    owners: dict[str, UUID] = field(default_factory=dict[str, "UUID"])

    def store(self, tenant: UUID, name: str, value: str) -> str:
        reference = super().store(tenant, name, value)
        self.owners[reference] = tenant
        return reference

    def delete(self, tenant: UUID, credential_ref: str) -> None:
        super().delete(self.owners.get(credential_ref, tenant), credential_ref)


@dataclass(frozen=True)
class _First(SqlCredentials):
    """Keeps what was stored first under a name."""

    def store(self, tenant: UUID, name: str, value: str) -> str:
        if super().find(tenant, name) is not None:
            return self.backend.store_secret(tenant, value)
        return super().store(tenant, name, value)

    def delete(self, tenant: UUID, credential_ref: str) -> None:
        try:
            super().delete(tenant, credential_ref)
        except UnknownObjectError:
            self.backend.delete_secret(tenant, credential_ref)


def _of(kind: type[SqlCredentials]) -> Any:
    def make(parts: Parts) -> SqlCredentials:
        real = cast("SqlCredentials", parts.vault.credentials)
        return kind(real.sessions, real.backend)

    return credited(make)


MUTANTS = (
    mutant(
        "vault-noted-in-the-clear",
        "VAULT-01",
        "A line of another table says which secret was stored.",
        parts=backed_in_rows(_Noting),
    ),
    mutant(
        "vault-copied-as-base64-bytes",
        "VAULT-01",
        "The table of a former release still gets each secret, as base64 in a column of bytes.",
        parts=backed_in_rows(_Migrating),
    ),
    mutant(
        "vault-told-to-the-trail-in-hex",
        "VAULT-01",
        "The row of the call that stores a secret has its argument, in hex.",
        parts=_telling,
    ),
    mutant(
        "vault-deletes-the-name-alone",
        "VAULT-02",
        "A deleted secret loses its name, and its ciphertext stays.",
        parts=backed(_Keeping),
    ),
    mutant(
        "vault-deletes-nothing",
        "VAULT-02",
        "Deleting a secret is answered as done, and nothing is.",
        parts=_of(_Obliging),
    ),
    mutant(
        "vault-deletes-for-anybody",
        "VAULT-02",
        "Whoever names a reference has its secret deleted, another tenant's too.",
        parts=_of(_Trusting),
    ),
    mutant(
        "vault-keeps-the-first",
        "VAULT-02",
        "A newer secret does not take the place of the former one.",
        parts=_of(_First),
    ),
)
