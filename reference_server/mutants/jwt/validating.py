"""Defects of which claims a token must have, and of what they must say."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import text

from reference_server.mutants.bending import OPEN_KEYS, engine_of, mutant, replaced
from reference_server.mutants.jwt.verifying import opening, validator_of
from reference_server.sessions.signing import SignedTokens
from reference_server.sessions.validation import AuthValidation

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from reference_server.core.principal import Principal
    from reference_server.parts import Parts
    from reference_server.sessions.claims import Claims

_FOR_EVER = 253_402_300_799


def _validating(kind: type[AuthValidation]) -> Callable[[Parts], Parts]:
    """Return a change of parts that validates claims in another way."""

    def make(parts: Parts) -> AuthValidation:
        real = validator_of(parts)
        return kind(real.tokens, real.ends, real.clock, real.rules)

    return replaced({"tokens.validator": make})


class _AnyIssuer(AuthValidation):
    def admits(self, claims: Claims) -> bool:
        return super().admits(replace(claims, iss=self.rules.issuer))


class _AnyAudience(AuthValidation):
    def admits(self, claims: Claims) -> bool:
        return super().admits(replace(claims, aud=frozenset({self.rules.audience})))


class _NearlyTheIssuer(AuthValidation):
    def admits(self, claims: Claims) -> bool:
        is_near = claims.iss.strip(" /").lower() == self.rules.issuer.lower()
        return super().admits(replace(claims, iss=self.rules.issuer) if is_near else claims)


class _PartOfTheAudience(AuthValidation):
    def admits(self, claims: Claims) -> bool:
        is_near = any(self.rules.audience in one for one in claims.aud)
        near = frozenset({self.rules.audience})
        return super().admits(replace(claims, aud=near) if is_near else claims)


class _NeverOver(AuthValidation):
    def admits(self, claims: Claims) -> bool:
        is_over = claims.exp <= self.clock.now().timestamp()
        return super().admits(replace(claims, exp=claims.iat + 60) if is_over else claims)

    def holds(self, principal: Principal) -> bool:
        return super().holds(replace(principal, ends=None))


class _BeforeItsTime(AuthValidation):
    def admits(self, claims: Claims) -> bool:
        return super().admits(replace(claims, nbf=None))


class _OfTheFuture(AuthValidation):
    def admits(self, claims: Claims) -> bool:
        now = int(self.clock.now().timestamp())
        early = claims.iat > now
        return super().admits(replace(claims, iat=now) if early else claims)


class _AnyLife(AuthValidation):
    def admits(self, claims: Claims) -> bool:
        return super().admits(replace(claims, exp=min(claims.exp, claims.iat + 60)))


def _endless(parts: Parts) -> Parts:
    return _validating(_AnyLife)(opening(_filling_in("exp", _FOR_EVER))(parts))


def _filling_in(name: str, value: object) -> type[SignedTokens]:
    """Return what puts a claim in where a token has none, as a typed default would."""

    class Filling(SignedTokens):
        def open(self, token: str) -> bytes | None:
            payload = super().open(token)
            if payload is None:
                return None
            found: Any = json.loads(payload)
            if not isinstance(found, dict):
                return payload
            told = {name: value} | cast("dict[str, Any]", found)
            return json.dumps(told).encode()

    return Filling


class _Looked(AuthValidation):
    """Asks a table, for every request, whether there is such a holder."""

    def validate(self, token: str) -> Principal | None:
        found = super().validate(token)
        if found is None or not _is_known(_engines[-1], found.subject or ""):
            return None
        return found


_engines: list[Engine] = []


def _is_known(engine: Engine, holder: str) -> bool:
    with engine.connect() as connection:
        found = connection.scalar(
            text("SELECT count(*) FROM api_keys WHERE id::text = :id"), {"id": holder}
        )
    return bool(found)


def _looking_up(parts: Parts) -> Parts:
    _engines.append(engine_of(parts))
    return _validating(_Looked)(parts)


MUTANTS = (
    mutant(
        "token-of-any-issuer",
        "JWT-01",
        "Who issued a token is not looked at.",
        parts=_validating(_AnyIssuer),
    ),
    mutant(
        "token-for-any-audience",
        "JWT-01",
        "A token for another service counts here.",
        parts=_validating(_AnyAudience),
    ),
    mutant(
        "issuer-nearly-right",
        "JWT-01",
        "The issuer is compared without regard to case, blanks and slashes.",
        parts=_validating(_NearlyTheIssuer),
    ),
    mutant(
        "audience-that-holds-ours",
        "JWT-01",
        "An audience counts in which ours stands somewhere.",
        parts=_validating(_PartOfTheAudience),
    ),
    mutant(
        "token-never-over",
        "JWT-01",
        "That a token has an end is checked, not whether it has come.",
        parts=_validating(_NeverOver),
    ),
    mutant(
        "token-before-its-time",
        "JWT-04",
        "`nbf` is not looked at.",
        parts=_validating(_BeforeItsTime),
    ),
    mutant(
        "token-issued-tomorrow",
        "JWT-04",
        "`iat` may be any time to come.",
        parts=_validating(_OfTheFuture),
    ),
    mutant(
        "token-for-decades",
        "JWT-04",
        "How long a token lives is its issuer's affair.",
        parts=_validating(_AnyLife),
    ),
    mutant(
        "token-without-an-end",
        "JWT-04",
        "A token without `exp` never ends.",
        parts=_endless,
    ),
    mutant(
        "token-without-an-audience",
        "JWT-04",
        "A token without `aud` is for everybody, and so for us.",
        parts=opening(_filling_in("aud", "urn:hallmark:mcp")),
    ),
    mutant(
        "token-without-an-id",
        "JWT-04",
        "A token without `jti` gets one that nobody can revoke.",
        parts=opening(_filling_in("jti", "unknown")),
    ),
    mutant(
        "token-without-a-holder",
        "JWT-04",
        "A token without `sub` is somebody's.",
        parts=opening(_filling_in("sub", "somebody")),
    ),
    mutant(
        "holder-looked-up",
        "JWT-07",
        "Each request asks a table whether there is such a holder.",
        parts=_looking_up,
        sql=OPEN_KEYS,
    ),
)
