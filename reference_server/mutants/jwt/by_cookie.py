"""Defects of a token that a cookie brings, where what reads cookies verifies by itself."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from reference_server.core.vocabulary import TokenMethod
from reference_server.mutants.bending import before, mutant, with_stage
from reference_server.mutants.jwt.verifying import bytes_of, header_of
from reference_server.sessions.contracts import Found

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.context import RequestContext
    from reference_server.mutants.model import Mutant
    from reference_server.parts import Parts
    from reference_server.sessions.issue import SqlSessionIssuer

    Claims = dict[str, Any]


@dataclass(frozen=True)
class _Jar:
    """What reads cookies, with the issuer's parts at hand."""

    parts: Parts

    @property
    def _issuer(self) -> SqlSessionIssuer:
        return cast("SqlSessionIssuer", self.parts.tokens.issuer)

    def signed(self, payload: bytes) -> str:
        """Return a token with these claims that counts for the rest of the server."""
        return self._issuer.tokens.sign(json.loads(payload))

    def put_right(self, token: str, bend: Callable[[Claims, float], Claims]) -> str:
        """Return a token of ours with its claims put right; any other as it is."""
        payload = self._issuer.tokens.open(token)
        if payload is None:
            return token
        now = self.parts.clock.now().timestamp()
        return self._issuer.tokens.sign(bend(json.loads(payload), now))


def _by_cookie(name: str, fails: str, summary: str, read: Callable[[_Jar, str], str]) -> Mutant:
    """Return a mutant that reads the token of a cookie otherwise than that of a header."""

    def act(context: RequestContext, parts: Parts) -> None:
        found = context.extracted
        if isinstance(found, Found) and found.method is TokenMethod.COOKIE:
            context.extracted = replace(found, token=read(_Jar(parts), found.token))

    return mutant(name, fails, summary, parts=with_stage("authenticate", before(act)))


def _run_out(claims: Claims, now: float) -> Claims:
    end = claims.get("exp")
    is_over = isinstance(end, int) and not isinstance(end, bool) and end <= now
    return {**claims, "exp": int(now) + 600, "iat": int(now)} if is_over else claims


def _no_end(claims: Claims, now: float) -> Claims:
    is_there = claims.get("exp") is not None
    return claims if is_there else {**claims, "exp": int(now) + 600, "iat": int(now)}


def _unsigned(jar: _Jar, token: str) -> str:
    if header_of(token).get("alg") != "none":
        return token
    try:
        return jar.signed(bytes_of(token.split(".")[1]))
    except (ValueError, LookupError, TypeError):
        return token


def _in_any_spelling(jar: _Jar, token: str) -> str:
    del jar
    return token.rstrip("=").replace("+", "-").replace("/", "_")


def _ended(claims: Claims, _: float) -> Claims:
    name = claims.get("jti")
    is_one = isinstance(name, str) and name
    return {**claims, "jti": f"{name}-of-a-cookie"} if is_one else claims


MUTANTS = (
    _by_cookie(
        "cookie-past-its-end",
        "JWT-01",
        "The end of a token is not looked at where a cookie brings it.",
        lambda jar, token: jar.put_right(token, _run_out),
    ),
    _by_cookie(
        "cookie-unsigned",
        "JWT-02",
        "A cookie's token counts without a signature.",
        _unsigned,
    ),
    _by_cookie(
        "cookie-in-any-spelling",
        "JWT-03",
        "A cookie's token is put into its usual spelling before it is verified.",
        _in_any_spelling,
    ),
    _by_cookie(
        "cookie-without-end",
        "JWT-04",
        "A token without an end counts where a cookie brings it.",
        lambda jar, token: jar.put_right(token, _no_end),
    ),
    _by_cookie(
        "cookie-of-an-ended-session",
        "JWT-05",
        "What has ended is not looked up for a token that a cookie brings.",
        lambda jar, token: jar.put_right(token, _ended),
    ),
)
