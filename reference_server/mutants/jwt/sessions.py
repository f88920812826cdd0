"""Defects of sessions themselves, and of the mode in which tokens are demanded."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from reference_server.core.vocabulary import SessionMode
from reference_server.mutants.bending import mutant, replaced
from reference_server.mutants.jwt.claims import validating
from reference_server.mutants.jwt.forgeries import Credulous
from reference_server.sessions.claims import claims_of
from reference_server.sessions.issue import SqlSessionIssuer

if TYPE_CHECKING:
    from datetime import datetime

    from reference_server.core.principal import Principal
    from reference_server.parts import Parts
    from reference_server.sessions.claims import Life
    from reference_server.sessions.contracts import Issued, SessionEnds


class OneId(SqlSessionIssuer):
    """Gives each session of a key the key's own id."""

    def signed(self, principal: Principal, life: Life) -> Issued:
        """Return a session that cannot be told from the last one."""
        issued = super().signed(principal, life)
        own = str(principal.key_id)
        told = {"jti": own, "session_id": issued.session_id}
        claims = claims_of(principal, life, iss=self.rules.issuer, aud=self.rules.audience, **told)
        return replace(issued, token=self.tokens.sign(claims), token_id=own)


def _one_id(parts: Parts) -> OneId:
    real = cast("SqlSessionIssuer", parts.tokens.issuer)
    return OneId(real.engine, real.tokens, real.clock, real.rules, real.lifetime)


class Forgetful:
    """Says that a session was ended, and goes on with it."""

    def __init__(self, real: SessionEnds) -> None:
        self._real = real

    def has_ended(self, name: str, now: datetime) -> bool:
        """Tell what has ended otherwise."""
        return self._real.has_ended(name, now)

    def end(self, token_id: str) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Stop looking."""
        self._real.close()


class TrustsWhereItMay(Credulous):
    """Where tokens are optional, it does not verify them."""


def _optional(parts: Parts) -> object:
    is_optional = cast("SqlSessionIssuer", parts.tokens.issuer).rules.mode is SessionMode.OPTIONAL

    def takes(header: dict[str, Any], message: bytes, signature: bytes) -> bool:
        del header, message, signature
        return is_optional

    return TrustsWhereItMay(parts, takes)


class KnowsUsers:
    """Takes a token only of a user who is a key that it knows."""

    def __init__(self, parts: Parts) -> None:
        self._real = cast("SqlSessionIssuer", parts.tokens.issuer).tokens

    def open(self, token: str) -> bytes | None:
        """Return the payload of a token whose subject is its key."""
        payload = self._real.open(token)
        claims: dict[str, Any] = json.loads(payload) if payload else {}
        return payload if claims.get("sub") == claims.get("key_id") else None


MUTANTS = (
    mutant(
        "one-id-for-all-sessions",
        "JWT-05",
        "All sessions of a key have the same id.",
        parts=replaced({"tokens.issuer": _one_id}),
    ),
    mutant(
        "session-that-never-ends",
        "JWT-05",
        "A session that was ended goes on.",
        parts=replaced({"tokens.ends": lambda parts: Forgetful(parts.tokens.ends)}),
    ),
    mutant(
        "optional-and-unverified",
        "JWT-06",
        "Where tokens are optional they are not verified.",
        parts=validating(_optional),
    ),
    mutant(
        "known-users-only",
        "JWT-07",
        "A token counts only of a user whom a table has.",
        parts=validating(KnowsUsers),
    ),
)
