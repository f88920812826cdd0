"""Rotation: a new key now, the old ones for a while longer."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from reference_server.core.text import clean_text
from reference_server.db.session import SqlTenantSessions, storage_guarded
from reference_server.keys.contracts import Rotation
from reference_server.keys.directory import generate_key

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection, Engine

    from reference_server.core.contracts import Clock
    from reference_server.core.settings import Limits
    from reference_server.keys.contracts import KeyHasher

_TAKE_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended(:tenant, 0))")
_KNOWN = text("SELECT true FROM tenants WHERE id = CAST(:tenant AS uuid)")

# Only keys that work now, and never to a later end than they already have: a rotation must neither
# revive an expired key nor lengthen the life of a short one.
_INTO_GRACE = text("""
    UPDATE api_keys SET expires_at = :grace
     WHERE tenant_id = CAST(:tenant AS uuid) AND revoked_at IS NULL AND expires_at > :grace
""")
_STORE = text("""
    INSERT INTO api_keys (tenant_id, key_hash, description, created_at, expires_at)
    VALUES (CAST(:tenant AS uuid), :digest, :description, :now, :expires)
    RETURNING id
""")


class SqlKeyRotation:
    """Mints keys in ``api_keys``."""

    def __init__(self, engine: Engine, hasher: KeyHasher, clock: Clock, limits: Limits) -> None:
        self._sessions = SqlTenantSessions(engine)
        self._hasher = hasher
        self._clock = clock
        self._limits = limits

    def new_key(self) -> str:
        """Return a key that nobody has had."""
        return generate_key()

    def take_turn(self, connection: Connection, tenant_id: UUID) -> None:
        """Wait until no other rotation of the tenant's runs; the turn ends with the transaction.

        Two at once would each overlook the other's new key, and leave it without a grace.
        """
        connection.execute(_TAKE_TURN, {"tenant": str(tenant_id)})

    def rotate(self, tenant_id: UUID, description: str) -> Rotation | None:
        """Mint a key and put the active ones into grace; None for an unknown tenant.

        StorageUnavailableError when the database does not answer; nothing has changed then.
        """
        key = self.new_key()
        with storage_guarded(), self._sessions.begin(tenant_id) as connection:
            tenant = str(tenant_id)
            self.take_turn(connection, tenant_id)
            if connection.scalar(_KNOWN, {"tenant": tenant}) is None:
                return None
            # Asked only now: whoever waited for its turn must not count from before it.
            now = self._clock.now()
            grace = now + timedelta(seconds=self._limits.rotation_grace)
            connection.execute(_INTO_GRACE, {"tenant": tenant, "grace": grace})
            key_id = self._store(connection, tenant, key, description, now)
        return Rotation(key_id=key_id, api_key=key, grace_until=grace)

    def _store(
        self, connection: Connection, tenant: str, key: str, description: str, now: datetime
    ) -> UUID:
        values = {
            "tenant": tenant,
            "digest": self._hasher.digest(key),
            "description": clean_text(description),
            "now": now,
            "expires": now + timedelta(seconds=self._limits.key_lifetime),
        }
        return connection.execute(_STORE, values).scalar_one()
