"""Session tokens of the demo's tenants, and all that a judge needs to make more of them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from reference_server.core.principal import Principal
from reference_server.core.secrets import PROXY_SIGNING, read_secret
from reference_server.core.vocabulary import SecretName
from reference_server.db.session import SqlTenantSessions
from reference_server.sessions.claims import Life
from reference_server.sessions.ends import store_end
from reference_server.sessions.issue import SqlSessionIssuer
from reference_server.sessions.signing import ALGORITHM, SignedTokens
from reference_server.wiring_people import session_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine

    from reference_server.core.contracts import Clock
    from reference_server.core.settings import Settings
    from reference_server.demo.seed import SeededTenant

_HOUR = 3600
_SPARE_SECONDS = 60
"""By which the demo's tokens live less long than any may: who copies one may add a second."""
# The tenant is named, too: where a defect lets everybody's keys be seen, its own is still meant.
_FIRST_KEY = text("""
    SELECT id FROM api_keys WHERE tenant_id = CAST(:tenant AS uuid) AND description = 'first key'
""")


@dataclass(frozen=True)
class ToldOfSessions:
    """What the state file has: of each tenant, of the signing key, and of proxies."""

    tenants: dict[str, dict[str, str]]
    signing: dict[str, Any]
    proxy: dict[str, Any]


def told_of_sessions(
    settings: Settings,
    secrets: Mapping[SecretName, bytes],
    engine: Engine,
    clock: Clock,
    tenants: Mapping[str, SeededTenant],
) -> ToldOfSessions:
    """Sign tokens that outlast a run, expired ones and revoked ones, for each tenant's first key.

    They are those of a server without a defect, whatever this one does.
    """
    secret, rules = secrets[SecretName.SESSION_SIGNING_SECRET], session_rules(settings)
    issuer = SqlSessionIssuer(
        engine, SignedTokens((secret,)), clock, rules, rules.longest - _SPARE_SECONDS
    )
    return ToldOfSessions(
        tenants={label: _sessions(issuer, tenant) for label, tenant in tenants.items()},
        signing={
            "secret": secret.decode(),
            "algorithm": ALGORITHM,
            "issuer": rules.issuer,
            "audience": rules.audience,
            "longest": rules.longest,
            "cookie": settings.session_cookie,
        },
        proxy=_proxy(settings, tenants),
    )


def _sessions(issuer: SqlSessionIssuer, tenant: SeededTenant) -> dict[str, str]:
    with SqlTenantSessions(issuer.engine).begin(UUID(tenant.id)) as connection:
        key: UUID = connection.execute(_FIRST_KEY, {"tenant": tenant.id}).scalar_one()
    principal = Principal(UUID(tenant.id), key)
    now, life = int(issuer.clock.now().timestamp()), issuer.lifetime
    revoked = issuer.signed(principal, Life(now, now + life))
    store_end(issuer.engine, revoked.token_id)
    return {
        "session": issuer.signed(principal, Life(now, now + life)).token,
        "revoked_session": revoked.token,
        "expired_session": issuer.signed(principal, Life(now - 2 * _HOUR, now - _HOUR)).token,
    }


def _proxy(settings: Settings, tenants: Mapping[str, SeededTenant]) -> dict[str, Any]:
    command = [sys.executable, "-m", "reference_server", "proxy-word"]
    command += ["--secrets", str(settings.secrets_dir), "--tenant"]
    return {
        "secret": read_secret(settings.secrets_dir, PROXY_SIGNING).decode(),
        "header": settings.proxy_auth_header,
        "commands": {label: [*command, tenant.id] for label, tenant in tenants.items()},
    }
