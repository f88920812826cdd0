"""Defects of how access tokens of a trusted issuer are taken: one claim is not looked at."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reference_server.identity.access import IssuerAccessTokens
from reference_server.identity.issuers import Issuer, header_of
from reference_server.identity.members import SqlMembers
from reference_server.mutants.bending import engine_of, mutant, replaced
from reference_server.mutants.jwt.verifying import header_of as any_header_of
from reference_server.mutants.jwt.verifying import validator_of
from reference_server.mutants.mile._bending import hearing, with_variables
from reference_server.mutants.oauth._issuing import completed, taking, with_issuer

if TYPE_CHECKING:
    from uuid import UUID

    from reference_server.core.principal import Principal
    from reference_server.identity.claims import AccessClaims
    from reference_server.identity.contracts import Member, Person
    from reference_server.identity.definitions import AccessTokens
    from reference_server.mutants.mile._bending import Sent
    from reference_server.parts import Parts
    from reference_server.plugins.contracts import Order
    from reference_server.sessions.validation import AuthValidation

_URL = "NOTES_URL"


class _AnyAudience(IssuerAccessTokens):
    def admits(self, claims: AccessClaims, issuer: str, rules: AccessTokens) -> bool:
        own = replace(claims, aud=frozenset({rules.audience}))
        return super().admits(own, issuer, rules)


class _AudienceThatBeginsSo(IssuerAccessTokens):
    def admits(self, claims: AccessClaims, issuer: str, rules: AccessTokens) -> bool:
        begins = any(one.startswith(rules.audience) for one in claims.aud)
        own = replace(claims, aud=frozenset({rules.audience})) if begins else claims
        return super().admits(own, issuer, rules)


class _OneAudienceAlone(IssuerAccessTokens):
    def admits(self, claims: AccessClaims, issuer: str, rules: AccessTokens) -> bool:
        return len(claims.aud) == 1 and super().admits(claims, issuer, rules)


class _AudienceByDefault(Issuer):
    def open(self, token: str, kinds: frozenset[str]) -> bytes | None:
        payload, access = super().open(token, kinds), self.told.access
        if payload is None or access is None:
            return payload
        return completed(payload, {"aud": access.audience})


class _AnyIssuer(IssuerAccessTokens):
    """Finds the key by its id alone, and does not ask whose it is."""

    def is_of_issuer(self, token: str) -> bool:
        return "kid" in (header_of(token) or {})

    def validate(self, token: str) -> Principal | None:
        for name, issuer in self.issuers.items():
            payload = issuer.open(token, self.kinds)
            if payload is not None:
                renamed = {**json.loads(payload), "iss": name}
                return self.holder(json.dumps(renamed).encode(), issuer)
        return None


class _NoEnd(IssuerAccessTokens):
    def admits(self, claims: AccessClaims, issuer: str, rules: AccessTokens) -> bool:
        later = self.clock.now().timestamp() + 60
        return super().admits(replace(claims, exp=later), issuer, rules)

    def principal(self, claims: AccessClaims, member: Member) -> Principal:
        return replace(super().principal(claims, member), ends=None)


class _EndByDefault(Issuer):
    def open(self, token: str, kinds: frozenset[str]) -> bytes | None:
        payload = super().open(token, kinds)
        year = 365 * 24 * 3600
        return None if payload is None else completed(payload, {"exp": time.time() + year})


class _AtAnyTime(IssuerAccessTokens):
    def admits(self, claims: AccessClaims, issuer: str, rules: AccessTokens) -> bool:
        return super().admits(replace(claims, nbf=None), issuer, rules)


class _Anything(frozenset[str]):
    def __contains__(self, kind: object) -> bool:
        return isinstance(kind, str)


def _of_any_type(parts: Parts) -> AuthValidation:
    real: Any = validator_of(parts)
    return replace(real, issued=replace(real.issued, kinds=_Anything()))


class _AnyClient(IssuerAccessTokens):
    def admits(self, claims: AccessClaims, issuer: str, rules: AccessTokens) -> bool:
        return super().admits(claims, issuer, replace(rules, clients=frozenset()))


class _ClientByDefault(Issuer):
    def open(self, token: str, kinds: frozenset[str]) -> bytes | None:
        payload, access = super().open(token, kinds), self.told.access
        if payload is None or access is None:
            return payload
        return completed(payload, {"client_id": next(iter(access.clients))})


class _AnyScope(IssuerAccessTokens):
    def admits(self, claims: AccessClaims, issuer: str, rules: AccessTokens) -> bool:
        return super().admits(claims, issuer, replace(rules, scope=None))


class _ScopeInTheText(IssuerAccessTokens):
    def admits(self, claims: AccessClaims, issuer: str, rules: AccessTokens) -> bool:
        is_there = rules.scope is None or rules.scope in " ".join(claims.scope)
        return is_there and super().admits(claims, issuer, replace(rules, scope=None))


class _OneTenant(SqlMembers):
    """Gives all members of an issuer's organizations the tenant of the first that came."""

    _first: UUID | None = None

    def find(self, person: Person) -> Member | None:
        member = super().find(person)
        if member is None:
            return None
        self._first = self._first or member.tenant_id
        return replace(member, tenant_id=self._first)


def _of_one_tenant(parts: Parts) -> AuthValidation:
    real: Any = validator_of(parts)
    return replace(real, issued=replace(real.issued, members=_OneTenant(engine_of(parts))))


def _with_an_issuers_token(order: Order, sent: Sent) -> Order:
    """Put the caller's token where the service sees it, as one who delegates."""
    shown = sent.headers.get("authorization", "").removeprefix("Bearer ")
    if any_header_of(shown).get("typ") != "at+jwt":
        return order
    return with_variables(order, {_URL: f"{order.delivery.variables[_URL]}/{shown}"})


MUTANTS = (
    mutant(
        "issued-for-anybody",
        "OAUTH-18 OAUTH-08",
        "The audience of an issuer's access token is not looked at.",
        parts=taking(_AnyAudience),
    ),
    mutant(
        "issued-for-what-begins-so",
        "OAUTH-18 OAUTH-08",
        "An audience counts that begins like the server's own.",
        parts=taking(_AudienceThatBeginsSo),
    ),
    mutant(
        "issued-for-nobody",
        "OAUTH-18 OAUTH-08",
        "An issuer's access token without an audience is taken for one for the server.",
        parts=with_issuer(_AudienceByDefault, login=False),
    ),
    mutant(
        "issued-for-one-alone",
        "OAUTH-18",
        "An issuer's access token for several audiences is refused, though one is the server.",
        parts=taking(_OneAudienceAlone),
    ),
    mutant(
        "issued-by-anybody",
        "OAUTH-18",
        "Whose key has signed an access token is not compared with whom it names.",
        parts=taking(_AnyIssuer),
    ),
    mutant(
        "issued-for-ever",
        "OAUTH-18",
        "The end of an issuer's access token is not looked at.",
        parts=taking(_NoEnd),
    ),
    mutant(
        "issued-without-an-end",
        "OAUTH-18",
        "An issuer's access token without an end is good for a year.",
        parts=with_issuer(_EndByDefault, login=False),
    ),
    mutant(
        "issued-before-its-time",
        "OAUTH-18",
        "The time before which an issuer's access token does not count is not looked at.",
        parts=taking(_AtAnyTime),
    ),
    mutant(
        "issued-as-any-type",
        "OAUTH-18",
        "Tokens of an issuer that are no access tokens open the server.",
        parts=replaced({"tokens.validator": _of_any_type}),
    ),
    mutant(
        "issued-to-any-client",
        "OAUTH-18",
        "Access tokens of all clients of an issuer count, whatever list there is.",
        parts=taking(_AnyClient),
    ),
    mutant(
        "issued-to-no-client",
        "OAUTH-18",
        "An issuer's access token that names no client counts as one of a client on the list.",
        parts=with_issuer(_ClientByDefault, login=False),
    ),
    mutant(
        "issued-for-any-scope",
        "OAUTH-18",
        "The scope of an issuer's access token is not looked at.",
        parts=taking(_AnyScope),
    ),
    mutant(
        "issued-for-a-longer-scope",
        "OAUTH-18",
        "The scope of an issuer's access token is searched for a text, not for a word.",
        parts=taking(_ScopeInTheText),
    ),
    mutant(
        "issued-for-one-tenant",
        "OAUTH-18",
        "Access tokens of all organizations of an issuer open one tenant.",
        parts=replaced({"tokens.validator": _of_one_tenant}),
    ),
    mutant(
        "the-issuers-token-is-passed-on",
        "OAUTH-08",
        "The service that a tool calls is shown the access token of the tool's caller.",
        parts=hearing(_with_an_issuers_token),
    ),
)
