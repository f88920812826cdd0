"""New tenants, each with a first key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import insert

from reference_server.audit.contracts import AuditEvent
from reference_server.core.text import clean_text
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.db.models import api_keys, tenants
from reference_server.db.session import SqlTenantSessions
from reference_server.keys.directory import generate_key

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from reference_server.audit.contracts import AuditTrail
    from reference_server.core.contracts import Clock
    from reference_server.core.settings import Limits
    from reference_server.keys.contracts import KeyHasher


@dataclass(frozen=True)
class NewTenant:
    """A tenant just made. ``api_key`` is shown once and stored nowhere."""

    tenant_id: UUID
    api_key: str


class TenantRegistrar:
    """Makes tenants as the owner of the tables: the runtime role has no right to."""

    def __init__(self, engine: Engine, hasher: KeyHasher, clock: Clock, limits: Limits) -> None:
        self._sessions = SqlTenantSessions(engine)
        self._hasher = hasher
        self._clock = clock
        self._key_life = timedelta(seconds=limits.key_lifetime)

    def create(self, name: str, trail: AuditTrail, tenant_id: UUID | None = None) -> NewTenant:
        """Make a tenant and its first key; StorageUnavailableError without the database.

        Its id is random, unless it has one elsewhere, as an issuer's organization.
        The trail is written last: it must not tell of a tenant that a failure took back.
        """
        tenant = NewTenant(tenant_id or uuid4(), generate_key())
        with self._sessions.begin(tenant.tenant_id) as connection:
            self._store(connection, tenant, clean_text(name))
        trail.write(
            *(
                AuditEvent(event, Outcome.SUCCESS, tenant_id=tenant.tenant_id)
                for event in (EventType.TENANT_CREATED, EventType.KEY_CREATED)
            )
        )
        return tenant

    def _store(self, connection: Connection, tenant: NewTenant, name: str) -> None:
        now = self._clock.now()
        row = {"id": tenant.tenant_id, "name": name, "created_at": now}
        connection.execute(insert(tenants).values(row))
        key = {
            "tenant_id": tenant.tenant_id,
            "key_hash": self._hasher.digest(tenant.api_key),
            "description": "first key",
            "created_at": now,
            "expires_at": now + self._key_life,
        }
        connection.execute(insert(api_keys).values(key))
