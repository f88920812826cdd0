"""The profile's ``[authorization]``: the authorization server from which MCP clients get tokens."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator, model_validator

from conformance.profile.granting import (
    Documents,
    Terms,
    Words,
)
from conformance.profile.policy import Identity
from conformance.profile.sections import (
    CallOfOnesOwn,
    FormValue,
    Names,
    Reason,
    Secret,
    Section,
)


def _is_an_identifier(url: str) -> str:
    """Raise ValueError for what has a query or a fragment (RFC 8414 section 2)."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url!r} is no http or https URL; write it as the metadata do")
    if parts.query or parts.fragment:
        raise ValueError(
            f"{url!r} has a query or a fragment, which no identifier has; leave it out"
        )
    return url


Identifier = Annotated[str, AfterValidator(_is_an_identifier)]


class BrowserUser(Section):
    """Somebody whose browser is signed in at the authorization server, and is a tenant's.

    ``cookies`` are what it has from the start. ``forms`` are filled in on the way: a page with a
    form that has all the fields of one is sent with these values, such as
    forms = [{ email = "a@example.org", password = { env = "PASSWORD_A" } }]. Values that come from
    outside are secrets.
    """

    tenant: Literal["a", "b", "spare"] = "a"
    cookies: dict[str, Secret] = Field(default_factory=dict[str, Secret])
    forms: tuple[dict[str, FormValue], ...] = ()

    @field_validator("forms")
    @classmethod
    def _have_fields(
        cls, forms: tuple[dict[str, FormValue], ...]
    ) -> tuple[dict[str, FormValue], ...]:
        if not all(forms):
            raise ValueError("a form without fields is on every page; name the fields it has")
        return forms

    @model_validator(mode="after")
    def _is_signed_in_somehow(self) -> Self:
        if not self.cookies and not self.forms:
            raise ValueError("nobody is signed in; name cookies that the browser has, or forms")
        return self


class Consent(Section):
    """What the consent page's form is sent with, beside what it holds already.

    Without an entry it is learned from the buttons of the form: the first approves, and one that
    speaks of denying or cancelling denies. ``unverified`` are words by which the page says that
    what a client tells of itself was verified by nobody; without it they are looked for in English.
    """

    approve: dict[str, str] = Field(default_factory=dict[str, str])
    deny: dict[str, str] = Field(default_factory=dict[str, str])
    unverified: Words | None = None


class PreregisteredClient(Section):
    """A client that the authorization server knows already, for where none can be registered.

    Without ``secret`` it is a public one. One with a secret is tried with hundreds of wrong ones
    where those that register themselves get none: let it be a client for tests. ``redirect_uri`` is
    one of those registered for it; at a loopback address any port will do (RFC 8252 section 7.3).
    """

    id: Reason
    secret: Secret | None = None
    redirect_uri: Reason | None = None


class ScopedToken(Identity):
    """A caller by an access token, to which its user has granted some scopes.

    The token is its ``session``, or that of its tenant with other ``claims``, such as
    claims = { scope = "mcp:read" }.
    """

    @model_validator(mode="after")
    def _has_a_token(self) -> Self:
        if self.session is None and self.claims is None:
            raise ValueError("has no token of its own; write session, or claims")
        return self


class NarrowToken(ScopedToken):
    """A token that may make one call, and has too few scopes for another.

    ``allowed`` is the one and ``denied`` the other, which does no harm if it is carried out all the
    same. ``needs`` are the scopes that the server is to name for it: all that the call takes.
    """

    allowed: CallOfOnesOwn
    denied: CallOfOnesOwn
    needs: Names


class Authorization(Section):
    """The authorization server that issues tokens for the target to MCP clients.

    It is learned from the target's own metadata (RFC 9728), and nothing need be named for that.
    ``issuer`` is which it is where these name several, or none. ``resource`` is the URL by which
    clients know the target, where the judge comes by another. ``scopes`` are what the judge asks
    for; without them it is what a challenge or the metadata name. Flows to platforms, which the
    target begins as a client, stand under [oauth]. A browser follows redirects to the target, to
    the authorization server and to ``origins``, such as one where users sign in, and to no other.
    ``narrow`` is a token with too few scopes for some call, and ``broad`` one whose scopes imply
    those that the call takes and do not name them.
    """

    issuer: Identifier | None = None
    resource: Identifier | None = None
    scopes: tuple[Reason, ...] = ()
    client: PreregisteredClient | None = None
    users: dict[str, BrowserUser] = Field(default_factory=dict[str, BrowserUser])
    consent: Consent = Consent()
    terms: Terms = Terms()
    documents: Documents | None = None
    origins: tuple[Identifier, ...] = ()
    narrow: NarrowToken | None = None
    broad: ScopedToken | None = None
