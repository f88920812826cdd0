"""What bends a vault: another backend in all the places where there is one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from reference_server.vault.envelope import PostgresSecrets
from reference_server.wiring_vault import with_credentials

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from reference_server.parts import Parts
    from reference_server.vault.contracts import Credentials, SecretsBackend
    from reference_server.vault.credentials import SqlCredentials

    Change = Callable[[Parts], Parts]


@dataclass(frozen=True)
class BesideBackend:
    """Does as a real backend does in all that is not said otherwise."""

    real: SecretsBackend

    def store_secret(self, org: UUID, value: str) -> str:
        """Store it."""
        return self.real.store_secret(org, value)

    def get_secret(self, org: UUID, credential_ref: str) -> str | None:
        """Return it."""
        return self.real.get_secret(org, credential_ref)

    def delete_secret(self, org: UUID, credential_ref: str) -> bool:
        """Delete it."""
        return self.real.delete_secret(org, credential_ref)


def backed(make: Callable[[SecretsBackend], SecretsBackend]) -> Change:
    """Return a change of parts with another backend, which is made of the real one."""

    def bend(parts: Parts) -> Parts:
        backend = make(parts.vault.backend)
        credentials = replace(cast("SqlCredentials", parts.vault.credentials), backend=backend)
        bent = replace(parts, vault=replace(parts.vault, backend=backend))
        return with_credentials(bent, credentials)

    return bend


def backed_in_rows(make: Callable[[PostgresSecrets], SecretsBackend]) -> Change:
    """Return a change of parts as ``backed`` does, where secrets lie in the database."""
    return backed(lambda real: make(real) if isinstance(real, PostgresSecrets) else real)


def sealed_by(kind: type[PostgresSecrets]) -> Change:
    """Return a change of parts whose rows in the database are sealed in another way."""
    return backed_in_rows(lambda real: kind(real.sessions, real.kms))


def credited(make: Callable[[Parts], Credentials]) -> Change:
    """Return a change of parts in which credentials are kept otherwise."""
    return lambda parts: with_credentials(parts, make(parts))
