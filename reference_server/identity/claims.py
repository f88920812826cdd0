"""The claims of issuers' tokens, typed once on arrival."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from reference_server.core.claims import LAST, LONGEST, Text, Texts, Words
from reference_server.identity.contracts import Person

LEEWAY_SECONDS = 5
"""How far an issuer's clock may be ahead of ours. No token lives longer for it."""

Moment = Annotated[float, Field(ge=0, le=LAST, allow_inf_nan=False)]
"""A NumericDate (RFC 7519 section 2), which may have a fraction."""
_STRICT = ConfigDict(strict=True, extra="ignore")


@checked(frozen=True, kw_only=True, config=_STRICT)
class _Claims:
    """What every token says."""

    iss: Text
    aud: Texts
    sub: Text
    iat: Moment
    exp: Moment
    nbf: Moment | None = None

    def is_timely(self, now: float) -> bool:
        """Tell whether its time has come and is not over."""
        latest = now + LEEWAY_SECONDS
        return now < self.exp and self.iat <= latest and (self.nbf is None or self.nbf <= latest)


@checked(frozen=True, kw_only=True, config=_STRICT)
class AccessClaims(_Claims):
    """What an access token says (RFC 9068 section 2.2)."""

    client_id: Text
    jti: Text
    scope: Words = frozenset()


@checked(frozen=True, kw_only=True, config=_STRICT)
class IdClaims(_Claims):
    """What an ID token says (OpenID Connect Core 1.0 section 2)."""

    nonce: Text
    azp: Text | None = None

    def is_for(self, client: str) -> bool:
        """Tell whether it is a client's; one for several names its own (section 3.1.3.7)."""
        azp = self.azp if self.azp is not None or len(self.aud) > 1 else client
        return client in self.aud and azp == client


@checked(frozen=True, config=_STRICT)
class _Profile:
    """What an issuer tells of a person, as far as it does."""

    email: Text | None = None
    email_verified: bool = False
    name: Annotated[str, Field(max_length=LONGEST)] | None = None


_access, _id, _profile = TypeAdapter(AccessClaims), TypeAdapter(IdClaims), TypeAdapter(_Profile)
_any = TypeAdapter(dict[str, Any])


@dataclass(frozen=True)
class Told:
    """All that a verified token tells."""

    payload: bytes

    def person(self, issuer: str, subject: str, organization: str) -> Person | None:
        """Return whom they are of; None where the claim of his organization is no text.

        An address that nobody has verified is none (section 5.7).
        """
        found = _any.validate_json(self.payload).get(organization)
        if not isinstance(found, str) or not 1 <= len(found) <= LONGEST:
            return None
        try:
            profile = _profile.validate_json(self.payload)
        except ValidationError:
            return Person(issuer, subject, found)
        email = profile.email if profile.email_verified else None
        return Person(issuer, subject, found, email, profile.name)


def read_access(payload: bytes) -> tuple[AccessClaims, Told] | None:
    """Return the claims of an access token; None when one is missing or of another type."""
    try:
        return _access.validate_json(payload), Told(payload)
    except ValidationError:
        return None


def read_id(payload: bytes) -> tuple[IdClaims, Told] | None:
    """Return the claims of an ID token; None when one is missing or of another type."""
    try:
        return _id.validate_json(payload), Told(payload)
    except ValidationError:
        return None
