"""Issuers' tokens and logins in other forms that every clause permits."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from reference_server.identity.access import IssuerAccessTokens
from reference_server.identity.login import OidcLogin
from reference_server.mutants.bending import header, refusing, with_stage
from reference_server.mutants.benign.edge import benign, rewritten
from reference_server.mutants.oauth._issuing import claims_of, logging_in, taking
from reference_server.web.answers import error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.core.principal import Principal
    from reference_server.identity.claims import AccessClaims
    from reference_server.identity.contracts import Member
    from reference_server.identity.definitions import AccessTokens
    from reference_server.mutants.benign.edge import Reply

_TOKENS = frozenset({"OAUTH-08", "OAUTH-18", "OAUTH-21"})
_LOGINS = frozenset({"OAUTH-07", "OAUTH-09", "OAUTH-13"})
_MINUTE = 60


class _Unhurried(IssuerAccessTokens):
    """Takes a token a minute before its time, and a minute after its end."""

    def admits(self, claims: AccessClaims, issuer: str, rules: AccessTokens) -> bool:
        begins = None if claims.nbf is None else max(0, claims.nbf - _MINUTE)
        later = replace(claims, exp=claims.exp + _MINUTE, nbf=begins)
        return super().admits(later, issuer, rules)

    def principal(self, claims: AccessClaims, member: Member) -> Principal:
        found = super().principal(claims, member)
        return (
            found if found.ends is None else replace(found, ends=found.ends + timedelta(0, _MINUTE))
        )


class _Remembered(OidcLogin):
    """Keeps logins under way itself: a cookie is a random word and nothing else."""

    def begin(self, path: str) -> Any:
        begun, word = super().begin(path), secrets.token_urlsafe(32)
        _under_way[word] = begun.cookie
        return replace(begun, cookie=word)

    def finish(self, cookie: str | None, answer: Mapping[str, str]) -> Any:
        return super().finish(_under_way.pop(cookie or "", None), answer)


_under_way: dict[str, str] = {}


def _insufficient(context: RequestContext) -> Response | None:
    """Refuse an issuer's token that lacks the scope as RFC 6750 section 3.1 has it."""
    token = (header(context, "authorization") or "").removeprefix("Bearer ")
    claims = claims_of(token)
    if "client_id" not in claims or "mcp" in str(claims.get("scope", "")).split():
        return None
    answer = error(HTTPStatus.FORBIDDEN, "insufficient_scope")
    answer.headers["WWW-Authenticate"] = 'Bearer error="insufficient_scope", scope="mcp"'
    return answer


def _with_a_language(reply: Reply) -> Reply:
    """Set a cookie that has nothing to do with anybody's login."""
    if not reply.field(b"set-cookie").startswith(b"__Host-hallmark-login="):
        return reply
    return replace(reply, fields=((b"set-cookie", b"language=en; Path=/"), *reply.fields))


VARIANTS = (
    benign(
        "issued-a-minute-longer",
        "An issuer's access token counts a minute before its time, and a minute after its end.",
        parts=taking(_Unhurried),
        touches=_TOKENS,
    ),
    benign(
        "issued-without-enough",
        "An issuer's access token without the scope is refused with 403 insufficient_scope.",
        parts=with_stage("authenticate", refusing(_insufficient)),
        touches=_TOKENS,
    ),
    benign(
        "logins-remembered",
        "Logins under way are kept by the server, and a browser's cookie is a random word.",
        parts=logging_in(_Remembered),
        touches=_LOGINS,
    ),
    benign(
        "logins-beside-another-cookie",
        "When a login begins a second cookie is set, for scripts, which has nothing to do with it.",
        parts=rewritten(_with_a_language),
        touches=_LOGINS,
    ),
)
