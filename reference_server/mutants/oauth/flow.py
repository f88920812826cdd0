"""Defects of OAuth flows: states that are worth too much, and verifiers that are not secret."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import text

from reference_server.core.settings import Limits
from reference_server.core.text import challenge_of
from reference_server.mutants.bending import engine_of, mutant, replaced
from reference_server.oauth.states import OAuthCleanup, SqlOAuthStates, digest_of
from reference_server.observability.logs import log_event

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from reference_server.core.contracts import Background
    from reference_server.oauth.contracts import OAuthStates, StartedFlow
    from reference_server.parts import Parts

_DAY = 24 * 3600
_LIFETIME = Limits().oauth_state


def _made(kind: type[SqlOAuthStates], lifetime: int = _LIFETIME) -> Callable[[Parts], Parts]:
    return replaced({"oauth.states": lambda parts: kind(engine_of(parts), parts.clock, lifetime)})


class _Reusable(SqlOAuthStates):
    """Looks a state up and leaves it where it is."""

    _LOOK = text("""
        SELECT code_verifier FROM oauth_states
         WHERE state = :state AND platform = :platform AND expires_at > :now""")

    def finish(self, tenant_id: UUID, platform: str, state: str) -> str | None:
        values = {"state": digest_of(state), "platform": platform, "now": self._clock.now()}
        with self._sessions.begin(tenant_id) as connection:
            return connection.scalar(self._LOOK, values)


class _LookThenTake(_Reusable):
    """Looks whether a state is good, and removes it in a second transaction."""

    def finish(self, tenant_id: UUID, platform: str, state: str) -> str | None:
        verifier = super().finish(tenant_id, platform, state)
        SqlOAuthStates.finish(self, tenant_id, platform, state)
        return verifier


class _ByStateAlone:
    """Finds out whose flow a state belongs to from the state, not from who brings it."""

    def __init__(self, parts: Parts) -> None:
        self._states, self._owners = parts.oauth.states, dict[str, tuple["UUID", str]]()

    def start(self, tenant_id: UUID, platform: str) -> StartedFlow:
        flow = self._states.start(tenant_id, platform)
        self._owners[flow.state] = (tenant_id, platform)
        return flow

    def finish(self, tenant_id: UUID, platform: str, state: str) -> str | None:
        owner, _ = self._owners.get(state, (tenant_id, platform))
        return self._states.finish(owner, platform, state)


class _AnyPlatform(_ByStateAlone):
    """Knows the platform from the state, not from whose callback is called."""

    def finish(self, tenant_id: UUID, platform: str, state: str) -> str | None:
        _, started = self._owners.get(state, (tenant_id, platform))
        return self._states.finish(tenant_id, started, state)


class _Burning(_ByStateAlone):
    """Uses a state up before it looks at who brings it."""

    def finish(self, tenant_id: UUID, platform: str, state: str) -> str | None:
        owner, started = self._owners.get(state, (tenant_id, platform))
        verifier = self._states.finish(owner, started, state)
        return verifier if (owner, started) == (tenant_id, platform) else None


class _Short(SqlOAuthStates):
    """States of 64 bits."""

    def _new_state(self) -> str:
        return secrets.token_urlsafe(8)


class _Counted(SqlOAuthStates):
    """States that count up, made to look long."""

    _numbers = itertools.count(secrets.randbits(32))

    def _new_state(self) -> str:
        return f"{next(self._numbers):064x}"


class _OneVerifier(SqlOAuthStates):
    """One verifier, made when the server started."""

    _verifier = secrets.token_urlsafe(32)

    def _new_verifier(self) -> str:
        return self._verifier


class _Plain(SqlOAuthStates):
    """The verifier itself for a challenge, and told to be so."""

    def start(self, tenant_id: UUID, platform: str) -> StartedFlow:
        return replace(super().start(tenant_id, platform), code_challenge_method="plain")

    def _challenge(self, verifier: str) -> str:
        return verifier


class _PlainInDisguise(SqlOAuthStates):
    """The verifier itself for a challenge, told to be its hash."""

    def _challenge(self, verifier: str) -> str:
        return verifier


class _TwoInOne(SqlOAuthStates):
    """One random value for both: the state that everybody sees is the verifier."""

    _last = ""

    def _new_state(self) -> str:
        self._last = super()._new_state()
        return self._last

    def _new_verifier(self) -> str:
        return self._last


class _Telling(SqlOAuthStates):
    """Logs the verifier, under a name that no redactor knows."""

    def _challenge(self, verifier: str) -> str:
        log_event("flow_started", None, proof=verifier)
        return challenge_of(verifier)


class _Forgetful(SqlOAuthStates):
    """Cleans up in no tenant's context, where row-level security hides every row."""

    def forget_expired(self) -> int:
        with self._engine.begin() as connection:
            statement = text("DELETE FROM oauth_states WHERE expires_at <= :now")
            return connection.execute(statement, {"now": self._clock.now()}).rowcount


def _cleaning_nothing(parts: Parts) -> Background:
    parts.oauth.cleanup.close()
    states = _Forgetful(engine_of(parts), parts.clock, _LIFETIME)
    return OAuthCleanup([states], parts.clock, Limits().oauth_cleanup)


def _wrapped(kind: Callable[[Parts], OAuthStates]) -> Callable[[Parts], Parts]:
    return replaced({"oauth.states": kind})


MUTANTS = (
    mutant(
        "oauth-state-reusable",
        "OAUTH-05",
        "A finished flow can be finished again: its state is looked up and kept.",
        parts=_made(_Reusable),
    ),
    mutant(
        "oauth-state-looked-up-then-taken",
        "OAUTH-05",
        "Two callbacks at once both find the state before either removes it.",
        parts=_made(_LookThenTake),
    ),
    mutant(
        "oauth-state-of-any-tenant",
        "OAUTH-05",
        "Who brings a state finishes the flow, whoever began it.",
        parts=_wrapped(_ByStateAlone),
    ),
    mutant(
        "oauth-state-of-any-platform",
        "OAUTH-05",
        "One platform's callback finishes a flow that was begun for another.",
        parts=_wrapped(_AnyPlatform),
    ),
    mutant(
        "oauth-state-burnt-by-a-stranger",
        "OAUTH-05",
        "A stranger's attempt is refused, and uses the state up.",
        parts=_wrapped(_Burning),
    ),
    mutant(
        "oauth-state-short",
        "OAUTH-05",
        "States have 64 bits.",
        parts=_made(_Short),
    ),
    mutant(
        "oauth-state-counted",
        "OAUTH-05",
        "States count up; who has one knows the next.",
        parts=_made(_Counted),
    ),
    mutant(
        "oauth-state-lives-a-day",
        "OAUTH-05",
        "A state is good for a day.",
        parts=_made(SqlOAuthStates, lifetime=_DAY),
    ),
    mutant(
        "oauth-states-pile-up",
        "OAUTH-05",
        "The clean-up runs without a tenant, and finds no row to remove.",
        parts=replaced({"oauth.cleanup": _cleaning_nothing}),
    ),
    mutant(
        "pkce-plain",
        "OAUTH-03",
        "The challenge is the verifier itself, by the method `plain`.",
        parts=_made(_Plain),
    ),
    mutant(
        "pkce-plain-told-as-s256",
        "OAUTH-03",
        "The challenge is the verifier itself, whatever the method says.",
        parts=_made(_PlainInDisguise),
    ),
    mutant(
        "pkce-one-verifier",
        "OAUTH-03",
        "All flows share one verifier.",
        parts=_made(_OneVerifier),
    ),
    mutant(
        "pkce-verifier-is-the-state",
        "OAUTH-03",
        "One random value serves as state and as verifier, so the browser carries both.",
        parts=_made(_TwoInOne),
    ),
    mutant(
        "pkce-verifier-logged",
        "OAUTH-03",
        "The verifier is logged when a flow begins.",
        parts=_made(_Telling),
    ),
)
