"""Credentials by their names: the database holds the reference of each, a backend its secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from reference_server.core.errors import UnknownObjectError
from reference_server.db.session import storage_guarded

if TYPE_CHECKING:
    from uuid import UUID

    from reference_server.db.contracts import TenantSessions
    from reference_server.vault.contracts import SecretsBackend

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
# The tenant is named beside the table's policy: where that is lost, no secret is used for another.
_FIND = text(
    "SELECT credential_ref FROM credentials WHERE tenant_id = current_tenant() AND name = :name"
)
_KNOWN = text(
    "SELECT name FROM credentials"
    " WHERE tenant_id = current_tenant() AND credential_ref = :reference"
)
_STORE = text("""
    INSERT INTO credentials (tenant_id, name, credential_ref) VALUES (:tenant, :name, :reference)
        ON CONFLICT (tenant_id, name) DO UPDATE
       SET credential_ref = excluded.credential_ref, created_at = now()
""")
_FORGET = text(
    "DELETE FROM credentials WHERE tenant_id = current_tenant() AND credential_ref = :reference"
)


@dataclass(frozen=True)
class SqlCredentials:
    """Whatever moment it is ended at, no secret is lost that a name stands for."""

    sessions: TenantSessions
    backend: SecretsBackend

    def store(self, tenant: UUID, name: str, value: str) -> str:
        """Keep the secret, then have the name stand for it, then delete the former one."""
        reference = self.backend.store_secret(tenant, value)
        with storage_guarded(), self.sessions.begin(tenant) as connection:
            connection.execute(_LOCK, {"key": f"credential {tenant} {name}"})
            former = connection.execute(_FIND, {"name": name}).scalar_one_or_none()
            row = {"tenant": tenant, "name": name, "reference": reference}
            connection.execute(_STORE, row)
        if former is not None and former != reference:
            self.backend.delete_secret(tenant, former)
        return reference

    def delete(self, tenant: UUID, credential_ref: str) -> None:
        """Delete the secret, then its name: who fails between the two can try again."""
        with storage_guarded(), self.sessions.begin(tenant) as connection:
            found = connection.execute(_KNOWN, {"reference": credential_ref}).one_or_none()
        if found is None:
            raise UnknownObjectError("credential")
        self.backend.delete_secret(tenant, credential_ref)
        with storage_guarded(), self.sessions.begin(tenant) as connection:
            connection.execute(_FORGET, {"reference": credential_ref})

    def find(self, tenant: UUID, name: str) -> str | None:
        """Return a credential's secret; None where no name or no secret is there."""
        with storage_guarded(), self.sessions.begin(tenant) as connection:
            reference = connection.execute(_FIND, {"name": name}).scalar_one_or_none()
        return None if reference is None else self.backend.get_secret(tenant, reference)
