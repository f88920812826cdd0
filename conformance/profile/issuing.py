"""Sections of a profile that tell what a target takes of the issuer that the judge plays."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from conformance.profile.fields import Place  # noqa: TC001 -- pydantic reads it
from conformance.profile.sections import OwnPath, Secret, Section
from conformance.profile.signing import Way

ISSUER_COMMAND = "python -m conformance.world issuer"
"""What starts the judge's issuer: its name is told to who judges, never to a target."""
Checked = Literal["type", "client", "scope"]


class IssuedTokens(Section):
    """Access tokens of the judge's issuer, which the target takes of two tenants' users.

    ``a`` and ``b`` are users of the issuer, of tenant A and of tenant B. ``audience`` is what the
    target is called in tokens: its URL unless told otherwise. ``client`` and ``scope`` are those of
    a right token. ``checks`` tells what the target looks at beside issuer, audience and times: the
    type of RFC 9068, the client, the scope. A token comes in ``header``, with ``scheme`` before it.
    """

    a: str = Field(min_length=1)
    b: str | None = None
    audience: str | None = None
    client: str | None = None
    scope: str = ""
    algorithms: tuple[Literal["RS256", "ES256", "EdDSA"], ...] = ("RS256",)
    checks: tuple[Checked, ...] = ()
    header: str = "Authorization"
    scheme: str = "Bearer"

    @property
    def way(self) -> Way:
        """How a token comes."""
        return Way(header=self.header, scheme=self.scheme)


class IssuerLogin(Section):
    """How a browser logs in to the target by way of the judge's issuer.

    ``start`` sends it to the issuer, from where it comes back to the target. ``session`` is what it
    then asks to find out who is signed in: it answers with the user in the field ``subject`` and
    the tenant in ``tenant`` (a.b is what the object in a has under b), and refuses who is not.
    ``a`` and ``b`` are users of the issuer. Of somebody whom the target does not know yet,
    ``newcomer`` are the claims with which he may sign up, ``uninvited`` those with which he may
    not; in their texts ``{unique}`` is a word of its own, ``organization`` is the claim of the
    tenant and ``algorithms`` are those by which the target takes ID tokens.
    """

    start: OwnPath
    session: OwnPath
    subject: Place = "userId"
    tenant: Place = "tenantId"
    a: str = Field(min_length=1)
    b: str = Field(min_length=1)
    organization: str | None = None
    newcomer: dict[str, Any] | None = None
    uninvited: dict[str, Any] | None = None
    algorithms: tuple[Literal["RS256", "ES256", "EdDSA"], ...] = ("RS256",)


class IssuerChannel(Section):
    """The judge's issuer, which the target trusts: `python -m conformance.world issuer`.

    ``url`` is the issuer's, ``control`` the word in the file that it was started with. A token by a
    key that is new is good within ``refresh_seconds``, and unknown keys have the set fetched once
    in so long at most. ``keeps_keys`` tells that a set without any usable key, or in which an id
    stands twice, never takes the place of a good one.
    """

    url: str
    control: Secret
    refresh_seconds: float = Field(default=60, gt=0, le=3600)
    keeps_keys: bool = False
    access: IssuedTokens | None = None
    login: IssuerLogin | None = None
