"""Defects of a validator that takes a claim for right which is wrong, or not there."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from reference_server.mutants.bending import mutant, replaced
from reference_server.mutants.jwt.verifying import validator_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.mutants.model import Mutant
    from reference_server.parts import Parts
    from reference_server.sessions.issue import SqlSessionIssuer
    from reference_server.sessions.signing import SignedTokens
    from reference_server.sessions.validation import AuthValidation, Rules

    Claims = dict[str, Any]
    Bend = Callable[[Claims, Rules, float], Claims]

_HOUR = 3600


class Bent:
    """Opens tokens as ever, and tells claims of them that were put right."""

    def __init__(self, parts: Parts, bend: Bend) -> None:
        issuer = cast("SqlSessionIssuer", parts.tokens.issuer)
        self._real, self._rules, self._clock = issuer.tokens, issuer.rules, parts.clock
        self._bend = bend

    def open(self, token: str) -> bytes | None:
        """Return the payload, put right; None for a token that was not signed here."""
        if (payload := self._real.open(token)) is None:
            return None
        now = self._clock.now().timestamp()
        return json.dumps(self._bend(json.loads(payload), self._rules, now)).encode()


def validating(open_with: Callable[[Parts], object]) -> Callable[[Parts], Parts]:
    """Return a change of parts that validates what something else opens."""

    def make(parts: Parts) -> AuthValidation:
        tokens = cast("SignedTokens", open_with(parts))
        return replace(validator_of(parts), tokens=tokens)

    return replaced({"tokens.validator": make})


def _claims(name: str, fails: str, summary: str, bend: Bend) -> Mutant:
    return mutant(name, fails, summary, parts=validating(lambda parts: Bent(parts, bend)))


def _any_issuer(claims: Claims, rules: Rules, _: float) -> Claims:
    return {**claims, "iss": rules.issuer}


def _issuer_by_its_beginning(claims: Claims, rules: Rules, _: float) -> Claims:
    told = str(claims.get("iss"))
    return _any_issuer(claims, rules, _) if told.startswith(rules.issuer) else claims


def _any_audience(claims: Claims, rules: Rules, _: float) -> Claims:
    return {**claims, "aud": rules.audience} if claims.get("aud") else claims


def _audience_within(claims: Claims, rules: Rules, _: float) -> Claims:
    told = claims.get("aud")
    is_within = isinstance(told, str) and bool(told) and told in rules.audience
    return _any_audience(claims, rules, _) if is_within else claims


def _audience_in_any_case(claims: Claims, rules: Rules, _: float) -> Claims:
    told = str(claims.get("aud")).strip().rstrip("/").lower()
    return _any_audience(claims, rules, _) if told == rules.audience else claims


def _no_audience(claims: Claims, rules: Rules, _: float) -> Claims:
    return claims if claims.get("aud") is not None else {**claims, "aud": rules.audience}


def _run_out(claims: Claims, _: Rules, now: float) -> Claims:
    end = claims.get("exp")
    is_over = isinstance(end, (int, float)) and not isinstance(end, bool) and end <= now
    return {**claims, "exp": int(now) + 600, "iat": int(now)} if is_over else claims


def _an_hour_late(claims: Claims, _: Rules, now: float) -> Claims:
    end = claims.get("exp")
    is_late = isinstance(end, int) and 0 <= now - end <= _HOUR
    return {**claims, "exp": int(now) + 600, "iat": int(now)} if is_late else claims


def _no_end(claims: Claims, _: Rules, now: float) -> Claims:
    is_there = claims.get("exp") is not None
    return claims if is_there else {**claims, "exp": int(now) + 600, "iat": int(now)}


def _not_before_unread(claims: Claims, _: Rules, __: float) -> Claims:
    return {name: value for name, value in claims.items() if name != "nbf"}


def _issued_in_the_future(claims: Claims, rules: Rules, now: float) -> Claims:
    begun = claims.get("iat")
    is_later = isinstance(begun, int) and begun > now
    end = min(int(claims.get("exp") or 0), int(now) + rules.longest - 1)
    return {**claims, "iat": int(now), "exp": end} if is_later else claims


def _of_any_length(claims: Claims, rules: Rules, _: float) -> Claims:
    begun, end = claims.get("iat"), claims.get("exp")
    if isinstance(begun, int) and isinstance(end, int) and end - begun > rules.longest:
        return {**claims, "exp": begun + rules.longest}
    return claims


def _no_id(claims: Claims, _: Rules, __: float) -> Claims:
    return claims if claims.get("jti") else {**claims, "jti": "none"}


def _no_subject(claims: Claims, _: Rules, __: float) -> Claims:
    return claims if claims.get("sub") else {**claims, "sub": "nobody"}


MUTANTS = (
    _claims("any-issuer", "JWT-01", "The issuer of a token is not looked at.", _any_issuer),
    _claims(
        "issuer-by-its-beginning",
        "JWT-01",
        "An issuer counts whose name begins with the right one.",
        _issuer_by_its_beginning,
    ),
    _claims("any-audience", "JWT-01", "A token for any audience counts.", _any_audience),
    _claims("audience-within", "JWT-01", "Half the audience's name is enough.", _audience_within),
    _claims(
        "audience-in-any-case",
        "JWT-01",
        "The audience is compared without regard to case, blanks and a slash at its end.",
        _audience_in_any_case,
    ),
    _claims("no-audience", "JWT-04", "A token without an audience counts.", _no_audience),
    _claims("token-has-run-out", "JWT-01", "The end of a token is not looked at.", _run_out),
    _claims("token-an-hour-late", "JWT-01", "The leeway at the end is an hour.", _an_hour_late),
    _claims("token-without-end", "JWT-04", "A token without an end counts.", _no_end),
    _claims("not-before-unread", "JWT-04", "A token counts before its time.", _not_before_unread),
    _claims(
        "token-of-the-future",
        "JWT-04",
        "A token counts that is issued later than now.",
        _issued_in_the_future,
    ),
    _claims("token-of-any-length", "JWT-04", "A token may live for ever.", _of_any_length),
    _claims("token-without-id", "JWT-04", "A token counts that cannot be revoked.", _no_id),
    _claims("token-without-subject", "JWT-04", "A token counts that names nobody.", _no_subject),
)
