"""The demo's tenants: keys in every state, and data that no other tenant must ever see."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import insert

from reference_server.core.settings import Limits
from reference_server.db.models import (
    api_keys,
    metric_cache,
    oauth_grants,
    oauth_refresh_tokens,
    oauth_states,
    platform_credentials,
    sync_log,
)
from reference_server.db.session import SqlTenantSessions
from reference_server.keys.directory import generate_key
from reference_server.keys.tenants import NewTenant, TenantRegistrar

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection, Engine

    from reference_server.audit.contracts import AuditTrail
    from reference_server.core.contracts import Clock
    from reference_server.keys.contracts import KeyHasher

DATE_RANGES = ("last_7_days", "last_30_days", "last_90_days")

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class SeededTenant:
    """One tenant of the demo. ``canary`` stands in its data and nowhere else."""

    id: str
    key: str
    revoked_key: str
    expired_key: str
    canary: str


class Seeder:
    """Fills the demo's database as the owner of its tables."""

    def __init__(self, engine: Engine, hasher: KeyHasher, clock: Clock, trail: AuditTrail) -> None:
        self._registrar = TenantRegistrar(engine, hasher, clock, Limits())
        self._sessions = SqlTenantSessions(engine)
        self._hasher = hasher
        self._clock = clock
        self._trail = trail

    def seed(self, name: str, tenant_id: UUID) -> SeededTenant:
        """Create a tenant with an active, a revoked and an expired key, and a row in each table."""
        new = self._registrar.create(name, self._trail, tenant_id)
        tenant = SeededTenant(
            id=str(new.tenant_id),
            key=new.api_key,
            revoked_key=generate_key(),
            expired_key=generate_key(),
            canary=f"canary-{secrets.token_hex(16)}",
        )
        with self._sessions.begin(new.tenant_id) as connection:
            self._store_keys(connection, new, tenant)
            _store_data(connection, new, tenant.canary, self._clock.now())
        return tenant

    def _store_keys(self, connection: Connection, new: NewTenant, tenant: SeededTenant) -> None:
        now = self._clock.now()
        common = {"tenant_id": new.tenant_id, "created_at": now - 30 * _DAY}
        revoked = {
            "key_hash": self._hasher.digest(tenant.revoked_key),
            "description": "revoked",
            "expires_at": now + 365 * _DAY,
            "revoked_at": now - _DAY,
        }
        expired = {
            "key_hash": self._hasher.digest(tenant.expired_key),
            "description": "expired",
            "expires_at": now - _DAY,
            "revoked_at": None,
        }
        connection.execute(insert(api_keys), [common | revoked, common | expired])


def _grant(later: datetime) -> dict[str, Any]:
    """Return what a user might have granted to a client, of which nobody knows a code or token."""
    return {
        "id": uuid4(),
        "client_id": secrets.token_urlsafe(16),
        "holder": {"tier": "user", "roles": [], "rate_tier": "user"},
        "scope": "mcp:read",
        "resource": "https://mcp.example/mcp",
        "redirect_uri": "https://client.example/callback",
        "challenge": secrets.token_urlsafe(32),
        "may_refresh": True,
        "code_digest": secrets.token_hex(32),
        "code_ends_at": later,
        "code_used_at": later,
        "ends_at": later,
    }


def _store_data(connection: Connection, new: NewTenant, canary: str, now: datetime) -> None:
    common = {"tenant_id": new.tenant_id, "platform": "google"}
    later = now + 365 * _DAY
    metric = {
        "report_type": "health",
        "data": {"campaign": canary, "spend": 1250.5, "roas": 3.2},
        "fetched_at": now,
        "expires_at": later,
    }
    # More than a page of the demo's, so that lists have cursors.
    rows = [common | metric | {"date_range_key": dates} for dates in DATE_RANGES]
    connection.execute(insert(metric_cache), rows)
    # Bytes that no key opens: no platform is connected, and the vault has tables of its own.
    credential = {
        "account_id": "123-456-7890",
        "wrapped_key": secrets.token_bytes(60),
        "sealed_tokens": secrets.token_bytes(200),
    }
    connection.execute(insert(platform_credentials).values(common | credential))
    state = {
        "state": secrets.token_hex(32),
        "code_verifier": secrets.token_urlsafe(32),
        # Longer than any real one, or the clean-up would take the row away while it is looked at.
        "expires_at": later,
    }
    connection.execute(insert(oauth_states).values(common | state))
    grant = _grant(later)
    connection.execute(insert(oauth_grants).values({"tenant_id": new.tenant_id, **grant}))
    token = {"digest": secrets.token_hex(32), "grant_id": grant["id"], "used_at": now}
    connection.execute(insert(oauth_refresh_tokens).values({"tenant_id": new.tenant_id, **token}))
    sync = {"status": "succeeded", "finished_at": now, "rows_synced": 1}
    connection.execute(insert(sync_log).values(common | sync))
