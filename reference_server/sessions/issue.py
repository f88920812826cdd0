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
        token_id, session_id = str(uuid4()), str(uuid4())
        claims = claims_of(
            principal,
            life,
            iss=self.rules.issuer,
            aud=self.rules.audience,
            jti=token_id,
            session_id=session_id,
        )
        return Issued(
            token=self.tokens.sign(claims),
            token_id=token_id,
            session_id=session_id,
            ends=datetime.fromtimestamp(life.ends, UTC),
            seconds=life.ends - life.begins,
        )
