"""Access tokens of trusted issuers (RFC 9068): verified, and turned into whom they speak for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reference_server.core.vocabulary import Scheme
from reference_server.identity.claims import read_access
from reference_server.identity.issuers import issuer_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.core.contracts import Clock
    from reference_server.core.principal import Principal
    from reference_server.identity.claims import AccessClaims
    from reference_server.identity.contracts import Member, Members
    from reference_server.identity.definitions import AccessTokens
    from reference_server.identity.issuers import Issuer

KINDS = frozenset({"at+jwt"})
"""Types of access tokens: an ID token, which clients get, opens nothing (section 2.1)."""


@dataclass(frozen=True)
class IssuerAccessTokens:
    """Takes access tokens of the issuers that are trusted with any, by the issuers' names."""

    issuers: Mapping[str, Issuer]
    members: Members
    clock: Clock
    kinds: frozenset[str] = KINDS

    def is_of_issuer(self, token: str) -> bool:
        """Tell whether a token says that such an issuer made it; it may lie."""
        return bool(self.issuers) and issuer_of(token) in self.issuers

    def validate(self, token: str) -> Principal | None:
        """Return whose the token is; None for whatever is wrong with it.

        The issuer's name chooses the keys, which then have to have signed it. Who is no member of
        the tenant (any more) has no rights there, however right his token is.
        """
        issuer = self.issuers.get(issuer_of(token) or "")
        payload = None if issuer is None else issuer.open(token, self.kinds)
        return None if issuer is None or payload is None else self.holder(payload, issuer)

    def holder(self, payload: bytes, issuer: Issuer) -> Principal | None:
        """Return whom claims speak for that an issuer has signed; None where they are not right."""
        read = read_access(payload)
        if issuer.told.access is None or read is None:
            return None
        claims, told = read
        if not self.admits(claims, issuer.told.issuer, issuer.told.access):
            return None
        person = told.person(issuer.told.issuer, claims.sub, issuer.told.organization)
        member = None if person is None else self.members.find(person)
        return None if member is None else self.principal(claims, member)

    def admits(self, claims: AccessClaims, issuer: str, rules: AccessTokens) -> bool:
        """Tell whether the claims are those of a token for us, whose time it is."""
        return (
            claims.iss == issuer
            and rules.audience in claims.aud
            and claims.is_timely(self.clock.now().timestamp())
            and (not rules.clients or claims.client_id in rules.clients)
            and (rules.scope is None or rules.scope in claims.scope)
        )

    def principal(self, claims: AccessClaims, member: Member) -> Principal:
        """Return whom the token speaks for. Its id is the issuer's: it is none of ours."""
        return replace(
            member.principal(),
            scheme=Scheme.ISSUER,
            token_id=f"{claims.iss} {claims.jti}",
            ends=datetime.fromtimestamp(claims.exp, UTC),
        )
