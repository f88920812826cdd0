"""Defects of how sessions begin and end, and of the mode in which tokens are asked for."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from reference_server.core.vocabulary import SessionMode
from reference_server.mutants.bending import mutant, replaced
from reference_server.mutants.jwt.verifying import bytes_of, validator_of
from reference_server.sessions.claims import read_claims
from reference_server.sessions.issue import SqlSessionIssuer
from reference_server.sessions.validation import AuthValidation

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from reference_server.core.principal import Principal
    from reference_server.core.settings import Settings
    from reference_server.parts import Parts
    from reference_server.sessions.claims import Life
    from reference_server.sessions.contracts import Issued, SessionEnds


class _SameId(SqlSessionIssuer):
    """Makes a token's id of its holder's."""

    def signed(self, principal: Principal, life: Life) -> Issued:
        issued = super().signed(principal, life)
        same = str(uuid5(NAMESPACE_URL, str(principal.key_id)))
        claims = json.loads(bytes_of(issued.token.split(".")[1])) | {"jti": same}
        return replace(issued, token=self.tokens.sign(claims), token_id=same)


def _with_same_id(parts: Parts) -> SqlSessionIssuer:
    real = parts.tokens.issuer
    if not isinstance(real, SqlSessionIssuer):
        raise TypeError("the issuer is another one")
    return _SameId(real.engine, real.tokens, real.clock, real.rules, real.lifetime)


class _Kept:
    """Writes down what ends, and asks nobody whether it has."""

    def __init__(self, real: SessionEnds) -> None:
        self._real = real

    def has_ended(self, name: str, now: datetime) -> bool:
        del name, now
        return False

    def end(self, token_id: str) -> None:
        self._real.end(token_id)

    def close(self) -> None:
        self._real.close()


class _Forgetful(_Kept):
    """Tells the browser to forget a session, and nobody else."""

    def has_ended(self, name: str, now: datetime) -> bool:
        return self._real.has_ended(name, now)

    def end(self, token_id: str) -> None:
        del token_id


def _ending(kind: type[_Kept]) -> Callable[[Parts], Parts]:
    """Return a change of parts that knows what has ended in another way."""
    return lambda parts: _with_ends(parts, kind(parts.tokens.ends))


def _with_ends(parts: Parts, ends: SessionEnds) -> Parts:
    validator = replace(validator_of(parts), ends=ends)
    return replaced({"tokens.ends": lambda _: ends, "tokens.validator": lambda _: validator})(parts)


class _BelievingInOptional(AuthValidation):
    """Where tokens are optional, takes of a wrong one what it says, for the log."""

    def validate(self, token: str) -> Principal | None:
        found = super().validate(token)
        if found is not None or self.rules.mode is not SessionMode.OPTIONAL:
            return found
        claims = read_claims(bytes_of(token.split(".")[1])) if token.count(".") else None
        return None if claims is None else claims.principal()


def _believing(parts: Parts) -> AuthValidation:
    real = validator_of(parts)
    return _BelievingInOptional(real.tokens, real.ends, real.clock, real.rules)


def _optional_untold(settings: Settings) -> Settings:
    """Have what is told nothing ask for nothing.

    The demo, which is judged, is told where to fetch from; what is launched beside it is not.
    """
    is_untold = settings.session_mode is SessionMode.REQUIRED and not settings.fetch_origins
    return replace(settings, session_mode=SessionMode.OPTIONAL) if is_untold else settings


MUTANTS = (
    mutant(
        "token-id-of-its-holder",
        "JWT-05",
        "All tokens of a key have one id, so that the end of one is the end of all.",
        parts=replaced({"tokens.issuer": _with_same_id}),
    ),
    mutant(
        "ended-session-goes-on",
        "JWT-05",
        "What has ended is written down and never looked at.",
        parts=_ending(_Kept),
    ),
    mutant(
        "session-ended-in-the-browser-alone",
        "JWT-05",
        "The end of a session deletes its cookie, and that is all.",
        parts=_ending(_Forgetful),
    ),
    mutant(
        "token-optional-by-default",
        "JWT-06",
        "A server that is told nothing serves whoever shows no token.",
        settings=_optional_untold,
    ),
    mutant(
        "wrong-token-believed-where-optional",
        "JWT-06",
        "Where no token is needed, a forged one says who its holder is.",
        parts=replaced({"tokens.validator": _believing}),
    ),
)
