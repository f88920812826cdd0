"""Rows for tests of the database: tenants and keys, written as the owner writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import insert

from reference_server.db.chain import AuditChain
from reference_server.db.models import api_keys, metric_cache, oauth_grants, tenants
from reference_server.db.session import SqlTenantSessions

if TYPE_CHECKING:
    import pytest
    from sqlalchemy import Engine

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
CHAIN_KEY = b"the key of every test's trail, 32 bytes"
CHAIN = AuditChain(CHAIN_KEY)


def add_tenant(owner: Engine) -> UUID:
    """Add a tenant with one row in ``metric_cache``."""
    tenant = uuid4()
    with SqlTenantSessions(owner).begin(tenant) as connection:
        connection.execute(insert(tenants).values(id=tenant, name="a tenant"))
        connection.execute(insert(metric_cache).values(**metric(tenant)))
    return tenant


def add_key(
    owner: Engine, tenant: UUID, digest: str, expires: datetime, revoked: datetime | None = None
) -> UUID:
    """Add a key and return its id."""
    key = uuid4()
    values = {
        "id": key,
        "tenant_id": tenant,
        "key_hash": digest,
        "description": "a key",
        "expires_at": expires,
        "revoked_at": revoked,
    }
    with owner.begin() as connection:
        connection.execute(insert(api_keys).values(values))
    return key


def add_grant(owner: Engine, tenant: UUID, client_id: str) -> UUID:
    """Add what a user has granted to a client, whose code was exchanged, and return its id."""
    grant = uuid4()
    values = {
        "id": grant,
        "tenant_id": tenant,
        "client_id": client_id,
        "scope": "mcp:read",
        "resource": "https://mcp.example/mcp",
        "redirect_uri": "https://client.example/callback",
        "challenge": "x" * 43,
        "may_refresh": True,
        "code_digest": str(grant),
        "code_ends_at": NOW,
        "code_used_at": NOW,
        "ends_at": NOW + DAY,
    }
    with owner.begin() as connection:
        connection.execute(insert(oauth_grants).values(values))
    return grant


def metric(tenant: UUID) -> dict[str, object]:
    """Return the values of a row in ``metric_cache``."""
    return {
        "tenant_id": tenant,
        "platform": "google",
        "report_type": str(uuid4()),
        "date_range_key": "last_7_days",
        "expires_at": NOW,
    }


def statements_seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that every statement is added to, whoever has psycopg run it."""
    seen: list[str] = []
    run = psycopg.Cursor[Any].execute

    def execute(cursor: psycopg.Cursor[Any], query: Any, *more: Any, **options: Any) -> Any:
        seen.append(str(query))
        return run(cursor, query, *more, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", execute)
    return seen
