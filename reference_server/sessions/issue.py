"""Begins sessions of whoever has an API key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import text

from reference_server.db.session import SqlTenantSessions, storage_guarded
from reference_server.sessions.claims import Life, claims_of
from reference_server.sessions.contracts import Issued

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine

    from reference_server.core.contracts import Clock
    from reference_server.core.principal import Principal
    from reference_server.sessions.signing import SignedTokens
    from reference_server.sessions.validation import Rules

_ENDS = text("""
    SELECT expires_at FROM api_keys
     WHERE id = :key AND revoked_at IS NULL AND expires_at > :now
""")


@dataclass(frozen=True)
class SqlSessionIssuer:
    """Signs tokens for the holders of keys in ``api_keys``; ``lifetime`` is in seconds."""

    engine: Engine
    tokens: SignedTokens
    clock: Clock
    rules: Rules
    lifetime: int

    def issue(self, principal: Principal) -> Issued | None:
        """Begin a session, which ends with its key at the latest; None when that has ended.

        StorageUnavailableError when the database does not answer.
        """
        now = self.clock.now()
        sessions = SqlTenantSessions(self.engine)
        with storage_guarded(), sessions.begin(principal.tenant_id) as connection:
            key_ends = connection.scalar(_ENDS, {"key": principal.key_id, "now": now})
        if key_ends is None:
            return None
        begins = int(now.timestamp())
        ends = min(begins + self.lifetime, int(key_ends.timestamp()))
        return None if ends <= begins else self.signed(principal, Life(begins, ends))

    def begin(self, principal: Principal) -> Issued:
        """Begin a session of who has just proved who he is, and lives as long as any."""
        begins = int(self.clock.now().timestamp())
        return self.signed(principal, Life(begins, begins + self.lifetime))

    def signed(self, principal: Principal, life: Life) -> Issued:
        """Return a session of exactly that life."""
        own = {"aud": self.rules.audience, "session_id": str(uuid4())}
        return _signed(self.tokens, self.rules, principal, life, own)


@dataclass(frozen=True)
class SignedAccessTokens:
    """Signs access tokens: session tokens of another audience, of which a grant is the session.

    What ends the grant ends all of them, for it is looked up where the ends of sessions are.
    """

    tokens: SignedTokens
    clock: Clock
    rules: Rules

    def make(self, principal: Principal, grant_id: str, audience: str, seconds: int) -> Issued:
        """Return a token that lives so long, and no longer than the principal's proof."""
        begins = int(self.clock.now().timestamp())
        ends = begins + min(seconds, self.rules.longest)
        if principal.ends is not None:
            ends = min(ends, int(principal.ends.timestamp()))
        own = {"aud": audience, "session_id": grant_id, "client_id": str(principal.client_id)}
        return _signed(self.tokens, self.rules, principal, Life(begins, ends), own)


def _signed(
    tokens: SignedTokens, rules: Rules, principal: Principal, life: Life, own: Mapping[str, str]
) -> Issued:
    token_id = str(uuid4())
    return Issued(
        token=tokens.sign(claims_of(principal, life, iss=rules.issuer, jti=token_id, **own)),
        token_id=token_id,
        session_id=own["session_id"],
        ends=datetime.fromtimestamp(life.ends, UTC),
        seconds=life.ends - life.begins,
    )
