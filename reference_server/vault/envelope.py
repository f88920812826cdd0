"""Secrets in PostgreSQL under envelope encryption: a data key each, wrapped by a key management."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text

from reference_server.db.session import storage_guarded
from reference_server.vault.contracts import Context, VaultError, WrappedKey
from reference_server.vault.kms import NONCE_BYTES

if TYPE_CHECKING:
    from reference_server.db.contracts import TenantSessions
    from reference_server.vault.contracts import KeyManagement

PREFIX = "db:"
"""How a reference to one of these begins."""
_STORE = text("""
    INSERT INTO vault_secrets (id, tenant_id, key_id, wrapped_key, nonce, ciphertext)
    VALUES (:id, :tenant, :key_id, :wrapped_key, :nonce, :ciphertext)
""")
# The tenant is named beside the table's policy, as it is for credentials.
_GET = text(
    "SELECT key_id, wrapped_key, nonce, ciphertext FROM vault_secrets"
    " WHERE tenant_id = current_tenant() AND id = :id"
)
_DELETE = text(
    "DELETE FROM vault_secrets WHERE tenant_id = current_tenant() AND id = :id RETURNING id"
)


@dataclass(frozen=True)
class Sealed:
    """A secret as a row has it."""

    key: WrappedKey
    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True)
class PostgresSecrets:
    """Each secret is sealed by AES-256-GCM, in a row that its tenant alone can see."""

    sessions: TenantSessions
    kms: KeyManagement

    def store_secret(self, org: UUID, value: str) -> str:
        """Seal a secret and store it; return its reference."""
        identity = uuid4()
        reference = f"{PREFIX}{identity}"
        sealed = self.seal(value.encode(), Context(str(org), reference))
        row = {
            "id": identity,
            "tenant": org,
            "key_id": sealed.key.key_id,
            "wrapped_key": sealed.key.wrapped,
            "nonce": sealed.nonce,
            "ciphertext": sealed.ciphertext,
        }
        with storage_guarded(), self.sessions.begin(org) as connection:
            connection.execute(_STORE, row)
        return reference

    def get_secret(self, org: UUID, credential_ref: str) -> str | None:
        """Return a secret; None where there is none, VaultError where it cannot be opened."""
        identity = identity_in(credential_ref, PREFIX)
        if identity is None:
            return None
        with storage_guarded(), self.sessions.begin(org) as connection:
            row = connection.execute(_GET, {"id": identity}).one_or_none()
        if row is None:
            return None
        sealed = Sealed(WrappedKey(row.key_id, row.wrapped_key), row.nonce, row.ciphertext)
        return self.open(sealed, Context(str(org), credential_ref)).decode()

    def delete_secret(self, org: UUID, credential_ref: str) -> bool:
        """Delete a secret's row."""
        identity = identity_in(credential_ref, PREFIX)
        if identity is None:
            return False
        with storage_guarded(), self.sessions.begin(org) as connection:
            return connection.execute(_DELETE, {"id": identity}).one_or_none() is not None

    def seal(self, plain: bytes, context: Context) -> Sealed:
        """Return a secret under a data key and a nonce of its own."""
        key, nonce = self.kms.generate(context), os.urandom(NONCE_BYTES)
        ciphertext = AESGCM(key.plain).encrypt(nonce, plain, context.authenticated)
        return Sealed(key.wrapped, nonce, ciphertext)

    def open(self, sealed: Sealed, context: Context) -> bytes:
        """Return a secret; VaultError where anything of it is not as it was sealed."""
        key = self.kms.unwrap(sealed.key, context)
        try:
            return AESGCM(key).decrypt(sealed.nonce, sealed.ciphertext, context.authenticated)
        except (InvalidTag, ValueError) as error:
            raise VaultError("A secret of the vault cannot be opened.") from error


def identity_in(credential_ref: str, prefix: str) -> UUID | None:
    """Return the id that a reference names; None where it is not one of a backend's."""
    word = credential_ref.removeprefix(prefix)
    try:
        found = UUID(word)
    except ValueError:
        return None
    return found if credential_ref == f"{prefix}{found}" else None
