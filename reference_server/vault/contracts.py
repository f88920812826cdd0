"""What keeps tenants' secrets: backends, the keys that wrap their keys, and who asks for them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from reference_server.core.errors import ToolError

if TYPE_CHECKING:
    from uuid import UUID

KEY_BYTES = 32
"""Of a data key: AES-256."""


class VaultError(ToolError):
    """A secret that is there cannot be opened: changed, moved, or its key is not to be had."""


@dataclass(frozen=True)
class Context:
    """Whose secret it is, and which: what was wrapped in one context is opened in no other."""

    org_id: str
    credential_ref: str

    @property
    def authenticated(self) -> bytes:
        """The context as additional authenticated data (NIST SP 800-38D): JSON, names in order."""
        told = {"credential_ref": self.credential_ref, "org_id": self.org_id}
        return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True)
class WrappedKey:
    """A data key under a key-encryption key, which ``key_id`` names."""

    key_id: str
    wrapped: bytes


@dataclass(frozen=True)
class DataKey:
    """A new data key, as it is and wrapped."""

    plain: bytes = field(repr=False)
    wrapped: WrappedKey


class KeyManagement(Protocol):
    """Holds key-encryption keys, which never leave it. VaultError where one is not to be had."""

    @property
    def current_id(self) -> str:
        """The key that data keys are wrapped under now."""
        ...

    def generate(self, context: Context) -> DataKey:
        """Return a new data key of 32 bytes for one context."""
        ...

    def wrap(self, plain: bytes, context: Context) -> WrappedKey:
        """Return a data key wrapped under the current key."""
        ...

    def unwrap(self, key: WrappedKey, context: Context) -> bytes:
        """Return a data key; VaultError in any context but its own, or where a bit is changed."""
        ...


class SecretsBackend(Protocol):
    """Keeps secrets; what else is stored of one is the reference that it was stored under."""

    def store_secret(self, org: UUID, value: str) -> str:
        """Keep a secret; return its ``credential_ref``, which tells nothing of it."""
        ...

    def get_secret(self, org: UUID, credential_ref: str) -> str | None:
        """Return a secret; None where the organization has none of that reference.

        VaultError for one that cannot be opened.
        """
        ...

    def delete_secret(self, org: UUID, credential_ref: str) -> bool:
        """Delete a secret for good; tell whether there was one."""
        ...


class Credentials(Protocol):
    """The credentials of tenants by their names, kept as references to a backend's secrets."""

    def store(self, tenant: UUID, name: str, value: str) -> str:
        """Store a credential in the place of any former one of that name; return its reference."""
        ...

    def delete(self, tenant: UUID, credential_ref: str) -> None:
        """Delete a credential and its secret; UnknownObjectError where the tenant has none such."""
        ...

    def find(self, tenant: UUID, name: str) -> str | None:
        """Return a credential's secret; None where there is none, VaultError as above."""
        ...


@dataclass(frozen=True)
class VaultParts:
    """Where tenants' secrets lie."""

    kms: KeyManagement
    backend: SecretsBackend
    credentials: Credentials
