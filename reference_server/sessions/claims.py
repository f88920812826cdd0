"""The claims of a session token, typed once on arrival (RFC 7519 section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID  # noqa: TC003 -- pydantic reads the annotations

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from reference_server.core.claims import LAST, Text, Texts, Words
from reference_server.core.principal import Principal
from reference_server.core.vocabulary import Scheme, Tier

_LONGEST_URL = 2000

Address = Annotated[str, Field(min_length=1, max_length=_LONGEST_URL)]
Moment = Annotated[int, Field(ge=0, le=LAST)]
"""A NumericDate in whole seconds, which is all that we issue."""


@checked(frozen=True, config=ConfigDict(strict=True, extra="ignore"))
class Claims:
    """What a token says. ``tid`` is the tenant.

    ``key_id`` is the API key that the session was begun with, ``member_id`` the membership, and
    ``client_id`` the OAuth client that an access token was issued to (RFC 9068 section 2.2).
    Every claim but ``nbf`` and those three must be there. Times are in seconds since 1970.
    """

    iss: Text
    aud: Texts
    sub: Text
    jti: Text
    exp: Moment
    iat: Moment
    tid: UUID
    user_type: Tier
    scope: Words
    roles: Texts
    session_id: Text
    rate_tier: Tier
    nbf: Moment | None = None
    key_id: UUID | None = None
    client_id: Address | None = None
    member_id: UUID | None = None

    def has_audience(self, audience: str) -> bool:
        """Tell whether the token is meant for an audience."""
        return audience in self.aud

    def principal(self) -> Principal:
        """Return whom the token speaks for."""
        return Principal(
            tenant_id=self.tid,
            key_id=self.key_id,
            scheme=Scheme.SESSION,
            tier=self.user_type,
            scope=self.scope,
            roles=self.roles,
            rate_tier=self.rate_tier,
            session_id=self.session_id,
            token_id=self.jti,
            subject=self.sub,
            member_id=self.member_id,
            ends=datetime.fromtimestamp(self.exp, UTC),
            client_id=self.client_id,
        )


_claims = TypeAdapter(Claims)


def read_claims(payload: bytes) -> Claims | None:
    """Return the claims of a token's payload; None when one is missing or of another type."""
    try:
        return _claims.validate_json(payload)
    except ValidationError:
        return None


@dataclass(frozen=True)
class Life:
    """When a token begins and ends, in seconds since 1970."""

    begins: int
    ends: int


def claims_of(principal: Principal, life: Life, **own: str) -> dict[str, Any]:
    """Return the claims of a new token; ``own`` are iss, aud, jti, session_id, and any other."""
    return {
        **own,
        "sub": str(principal.subject or principal.key_id),
        "tid": str(principal.tenant_id),
        "user_type": principal.tier.value,
        "scope": " ".join(sorted(principal.scope)),
        "roles": sorted(principal.roles),
        "rate_tier": principal.rate_tier.value,
        "iat": life.begins,
        "nbf": life.begins,
        "exp": life.ends,
        **({"key_id": str(principal.key_id)} if principal.key_id else {}),
        **({"member_id": str(principal.member_id)} if principal.member_id else {}),
    }
