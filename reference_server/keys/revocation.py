"""Revocation: a key ends now, on every worker, because every request asks the database for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from reference_server.db.session import SqlTenantSessions, storage_guarded

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Engine

    from reference_server.core.contracts import Clock

# A key is revoked once: asking again neither moves the moment nor fails.
_REVOKE = text("""
    UPDATE api_keys SET revoked_at = coalesce(revoked_at, :now)
     WHERE id = :key AND tenant_id = :tenant
    RETURNING revoked_at
""")


class SqlKeyRevocation:
    """Ends keys in ``api_keys``."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._sessions = SqlTenantSessions(engine)
        self._clock = clock

    def revoke(self, tenant_id: UUID, key_id: UUID) -> datetime | None:
        """Revoke the tenant's key; return since when it is revoked, None if it has no such key.

        StorageUnavailableError when the database does not answer; nothing has changed then.
        """
        values = {"tenant": tenant_id, "key": key_id, "now": self._clock.now()}
        with storage_guarded(), self._sessions.begin(tenant_id) as connection:
            return connection.scalar(_REVOKE, values)
