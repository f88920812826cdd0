"""What the server asks of API keys, and of the admin token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from reference_server.core.principal import Principal


class KeyHasher(Protocol):
    """Turns a raw key into what the database may hold: HMAC-SHA256 under a server secret."""

    def digest(self, raw_key: str) -> str:
        """Return the digest in lower-case hex."""
        ...


class KeyDirectory(Protocol):
    """Finds whose key was presented."""

    def find(self, digest: str, now: datetime) -> Principal | None:
        """Return the owner of an active key; None for unknown, revoked and expired ones alike."""
        ...


class KeyUse(Protocol):
    """Remembers when a key was last used, off the request's path."""

    def record(self, key_id: UUID, used_at: datetime) -> None:
        """Note the use; never blocks, never raises."""
        ...

    def close(self) -> None:
        """Store what is noted and stop."""
        ...


@dataclass(frozen=True)
class Rotation:
    """The outcome of a rotation. ``api_key`` is shown once and stored nowhere."""

    key_id: UUID
    api_key: str
    grace_until: datetime


class KeyRotation(Protocol):
    """Replaces a tenant's keys with a grace period."""

    def rotate(self, tenant_id: UUID, description: str) -> Rotation | None:
        """Mint a key and put the active ones into grace; None for an unknown tenant."""
        ...


class KeyRevocation(Protocol):
    """Ends a key at once, without a grace."""

    def revoke(self, tenant_id: UUID, key_id: UUID) -> datetime | None:
        """Revoke the tenant's key; return since when it is revoked, None if it has no such key."""
        ...


class AdminGate(Protocol):
    """Decides whether a presented admin token is the right one."""

    def admits(self, presented: str | None) -> bool:
        """Compare in constant time."""
        ...


class CredentialReader(Protocol):
    """Takes the API key out of a request's headers."""

    def read(self, headers: Sequence[tuple[str, str]]) -> str | None:
        """Return the key; None when it is missing, blank, duplicated or joined."""
        ...


@dataclass(frozen=True)
class KeyParts:
    """What knows API keys, and the admin token."""

    reader: CredentialReader
    hasher: KeyHasher
    directory: KeyDirectory
    use: KeyUse
    rotation: KeyRotation
    revocation: KeyRevocation
    admin_gate: AdminGate
