"""OAuth states: made, used once, forgotten. Each belongs to a tenant and a platform.

The database holds a state's digest, so who reads a dump cannot finish somebody's flow.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import text

from reference_server.core.errors import StorageUnavailableError
from reference_server.core.periodic import Periodic
from reference_server.core.text import challenge_of
from reference_server.db.session import SqlTenantSessions, storage_guarded
from reference_server.oauth.contracts import StartedFlow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import Engine

    from reference_server.core.contracts import Clock

_SECRET_BYTES = 32
_CLOSE_SECONDS = 2.0

_STORE = text("""
    INSERT INTO oauth_states (tenant_id, platform, state, code_verifier, created_at, expires_at)
    VALUES (:tenant, :platform, :state, :verifier, :now, :expires)
""")
# Found and gone in one statement: of two callbacks at once, one finds nothing.
_TAKE = text("""
    DELETE FROM oauth_states
     WHERE state = :state AND platform = :platform AND tenant_id = :tenant AND expires_at > :now
    RETURNING code_verifier
""")
_FORGET = text("SELECT forget_oauth_states(:now)")

_logger = logging.getLogger(__name__)


class SqlOAuthStates:
    """Keeps states in ``oauth_states``, each statement in the context of its tenant."""

    def __init__(self, engine: Engine, clock: Clock, lifetime: int) -> None:
        self._engine = engine
        self._sessions = SqlTenantSessions(engine)
        self._clock = clock
        self._lifetime = lifetime

    def start(self, tenant_id: UUID, platform: str) -> StartedFlow:
        """Store a new state with its PKCE verifier; StorageUnavailableError if that fails."""
        state, verifier = self._new_state(), self._new_verifier()
        now = self._clock.now()
        values = {
            "tenant": tenant_id,
            "platform": platform,
            "state": digest_of(state),
            "verifier": verifier,
            "now": now,
            "expires": now + timedelta(seconds=self._lifetime),
        }
        with storage_guarded(), self._sessions.begin(tenant_id) as connection:
            connection.execute(_STORE, values)
        return StartedFlow(state, self._challenge(verifier), self._lifetime)

    def finish(self, tenant_id: UUID, platform: str, state: str) -> str | None:
        """Use a state up and return its verifier.

        None for one that is unknown, used, expired, another tenant's or another platform's.
        """
        values = {
            "tenant": tenant_id,
            "platform": platform,
            "state": digest_of(state),
            "now": self._clock.now(),
        }
        with storage_guarded(), self._sessions.begin(tenant_id) as connection:
            return connection.scalar(_TAKE, values)

    def forget_expired(self) -> int:
        """Remove every tenant's expired states; return how many that were.

        By a function that does this and nothing else: who cleared up one tenant after the other
        would have to know them all.
        """
        with storage_guarded(), self._engine.begin() as connection:
            return connection.execute(_FORGET, {"now": self._clock.now()}).scalar_one()

    def _new_state(self) -> str:
        return secrets.token_urlsafe(_SECRET_BYTES)

    def _new_verifier(self) -> str:
        return secrets.token_urlsafe(_SECRET_BYTES)

    def _challenge(self, verifier: str) -> str:
        return challenge_of(verifier)


class Forgetting(Protocol):
    """Something that holds what expires."""

    def forget_expired(self) -> int:
        """Remove it, and return how many that were; StorageUnavailableError."""
        ...


class OAuthCleanup:
    """Forgets what has expired every ``interval`` seconds of the Clock part's time, in a thread."""

    def __init__(
        self, stores: Sequence[Forgetting], clock: Clock, interval: int, look_every: float = 1.0
    ) -> None:
        self._stores = tuple(stores)
        self._clock = clock
        self._interval = timedelta(seconds=interval)
        self._last = clock.now()
        self._looking = Periodic("oauth-cleanup", look_every, self._look)

    def close(self) -> None:
        """Stop, at the latest when the clean-up in progress has ended; bounded in time."""
        self._looking.close(_CLOSE_SECONDS)

    def _look(self) -> None:
        now = self._clock.now()
        if self._last <= now < self._last + self._interval:
            return
        self._last = now
        try:
            for store in self._stores:
                store.forget_expired()
        except StorageUnavailableError as error:
            _logger.warning("what has expired waits for the next round: %s", error)


def digest_of(state: str) -> str:
    """Return what the database holds of a state: its SHA-256 in lower-case hex."""
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()
