"""What users have granted: one row a consent, a code that is good once, refresh tokens that rotate.

The database holds digests of codes and refresh tokens, so who reads a dump can present none. Which
of several exchanges wins is decided by one statement there (``db/authorization.sql``).
"""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import text

from reference_server.core.principal import Principal
from reference_server.core.vocabulary import Scheme, Tier
from reference_server.db.session import SqlTenantSessions, storage_guarded
from reference_server.db.statements import Statements
from reference_server.oauth.contracts import Exchange, Grant, Wish
from reference_server.oauth.states import digest_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from reference_server.core.contracts import Clock
    from reference_server.core.settings import Limits

SECRET_BYTES = 32
"""Of a code and of a refresh token: both are random in all their bits."""

_GIVE = text("""
    INSERT INTO oauth_grants (id, tenant_id, client_id, key_id, subject, holder, scope, resource,
                              redirect_uri, challenge, may_refresh, code_digest, code_ends_at,
                              created_at, ends_at)
    VALUES (:id, :tenant, :client, :key, :subject, CAST(:holder AS jsonb), :scope, :resource,
            :redirect, :challenge, :may_refresh, :digest, :code_ends, :now, :ends)
""")
_TENANT = text("SELECT name FROM tenants WHERE id = :id")
_PERSON = text("SELECT coalesce(email, name) FROM users WHERE id::text = :id")
_FIND_CODE = "SELECT * FROM find_oauth_code(%(digest)s)"
_FIND_REFRESH = "SELECT * FROM find_oauth_refresh_token(%(digest)s)"
_TAKE = "SELECT * FROM take_oauth_code(%(digest)s, %(now)s, %(successor)s, %(client_ends)s)"
_ROTATE = """
    SELECT * FROM rotate_oauth_refresh_token(%(digest)s, %(now)s, %(grace)s, %(successor)s,
                                             %(client_ends)s)
"""
_TAKEN = "taken"
_END = "SELECT end_oauth_grant(%(id)s, %(now)s)"
_FORGET = "SELECT forget_oauth_grants(%(now)s)"


def new_secret() -> str:
    """Return a new code or refresh token."""
    return secrets.token_urlsafe(SECRET_BYTES)


class SqlGrants:
    """Keeps grants in ``oauth_grants`` and refresh tokens in ``oauth_refresh_tokens``."""

    def __init__(self, engine: Engine, clock: Clock, limits: Limits) -> None:
        self._sessions = SqlTenantSessions(engine)
        self._statements = Statements(engine)
        self._clock = clock
        self._code_life = timedelta(seconds=limits.oauth_code)
        self._life = timedelta(seconds=limits.oauth_grant)
        self._client_life = timedelta(seconds=limits.oauth_client_used)
        self._grace = timedelta(seconds=limits.oauth_refresh_grace)

    def account(self, principal: Principal) -> str:
        """Return by what a user knows for whom he acts: his organization's name, and his own."""
        with storage_guarded(), self._sessions.begin(principal.tenant_id) as connection:
            tenant = connection.scalar(_TENANT, {"id": principal.tenant_id})
            person = connection.scalar(_PERSON, {"id": principal.subject})
        is_key = principal.subject is None or principal.subject == str(principal.key_id)
        return str(tenant) if is_key else f"{person or principal.subject} of {tenant}"

    def give(self, principal: Principal, wish: Wish) -> str:
        """Store a user's consent in his tenant's context; return the code for it."""
        code, now = new_secret(), self._clock.now()
        values = {
            "id": uuid4(),
            "tenant": principal.tenant_id,
            "client": wish.client_id,
            "key": principal.key_id,
            "subject": principal.subject,
            "holder": json.dumps(_holder_told(principal)),
            "scope": " ".join(sorted(wish.scope)),
            "resource": wish.resource,
            "redirect": wish.redirect_uri,
            "challenge": wish.challenge,
            "may_refresh": wish.may_refresh,
            "digest": digest_of(code),
            "code_ends": now + self._code_life,
            "now": now,
            "ends": now + self._life,
        }
        with storage_guarded(), self._sessions.begin(principal.tenant_id) as connection:
            connection.execute(_GIVE, values)
        return code

    def find_code(self, code: str) -> Grant | None:
        """Return what a code was given for, used up or not."""
        return self._find(_FIND_CODE, code)

    def find_refresh_token(self, token: str) -> Grant | None:
        """Return what a refresh token came of."""
        return self._find(_FIND_REFRESH, token)

    def take_code(self, code: str, refresh_token: str | None) -> Principal | Exchange:
        """Use a code up, once; return for whom the client acts, or why it does not."""
        successor = None if refresh_token is None else digest_of(refresh_token)
        return self._exchange(_TAKE, code, successor)

    def rotate(self, token: str, successor: str) -> Principal | Exchange:
        """Put another refresh token in the place of one, once, and once more within the grace."""
        return self._exchange(_ROTATE, token, digest_of(successor))

    def end(self, grant_id: UUID) -> bool:
        """End a grant, and every token that came of it; False when it had ended before."""
        with storage_guarded():
            values = {"id": grant_id, "now": self._clock.now()}
            return self._statements.first(_END, values) == (True,)

    def forget_expired(self) -> int:
        """Remove every tenant's ended grants, and clients of no more use; return how many."""
        with storage_guarded():
            row = self._statements.first(_FORGET, {"now": self._clock.now()})
        return 0 if row is None else row[0]

    def _find(self, statement: str, secret: str) -> Grant | None:
        with storage_guarded():
            row = self._statements.first(statement, {"digest": digest_of(secret)})
        return None if row is None else _grant(row)

    def _exchange(self, statement: str, secret: str, successor: str | None) -> Principal | Exchange:
        now = self._clock.now()
        values = {
            "digest": digest_of(secret),
            "now": now,
            "grace": self._grace,
            "successor": successor,
            "client_ends": now + self._client_life,
        }
        with storage_guarded():
            row = self._statements.first(statement, values)
        if row is None or row[0] != _TAKEN:
            return Exchange(row[0]) if row else Exchange.REFUSED
        return _holder(row[1:])


def _holder(row: Sequence[Any]) -> Principal:
    """Return for whom a client acts, with all that was granted to it."""
    grant_id, client_id, scope, tenant_id, key_id, subject, told, ends = row
    return Principal(
        tenant_id=tenant_id,
        key_id=key_id,
        scheme=Scheme.SESSION,
        tier=Tier(told["tier"]),
        scope=frozenset(scope.split()),
        roles=frozenset(told["roles"]),
        rate_tier=Tier(told["rate_tier"]),
        session_id=str(grant_id),
        subject=subject,
        member_id=UUID(told["member_id"]) if "member_id" in told else None,
        ends=ends,
        client_id=client_id,
    )


def _holder_told(principal: Principal) -> dict[str, Any]:
    """Return what a client acts as; what the user may do besides is not handed on."""
    return {
        "tier": principal.tier.value,
        "roles": sorted(principal.roles),
        "rate_tier": principal.rate_tier.value,
        **({"member_id": str(principal.member_id)} if principal.member_id else {}),
    }


def _grant(row: tuple[Any, ...]) -> Grant:
    grant_id, client_id, scope, resource, redirect, challenge, may_refresh, used, revoked = row
    wish = Wish(
        client_id=client_id,
        scope=frozenset(scope.split()),
        resource=resource,
        redirect_uri=redirect,
        challenge=challenge,
        may_refresh=may_refresh,
    )
    return Grant(grant_id, wish, is_used=used, is_revoked=revoked)
