"""What the server asks of OAuth: the states of flows to platforms, and the authorization server."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from reference_server.core.contracts import Background
    from reference_server.core.principal import Principal
    from reference_server.limits.contracts import Limiter
    from reference_server.oauth.clients import Client, Registered
    from reference_server.oauth.consents import Consents


@dataclass(frozen=True)
class StartedFlow:
    """An OAuth flow just begun. ``state`` is told once; ``expires_in`` is in seconds."""

    state: str
    code_challenge: str
    expires_in: int
    code_challenge_method: str = "S256"


class OAuthStates(Protocol):
    """The states of OAuth flows, each good once, for one tenant and platform."""

    def start(self, tenant_id: UUID, platform: str) -> StartedFlow:
        """Make a state; StorageUnavailableError when it cannot be stored."""
        ...

    def finish(self, tenant_id: UUID, platform: str, state: str) -> str | None:
        """Use a state up and return its PKCE verifier; None when it is not good (any more)."""
        ...


class Exchange(StrEnum):
    """Why nothing comes of a code or a refresh token. The values are what the database says."""

    REFUSED = "refused"
    REUSED = "reused"
    """It was exchanged before, so that all that came of it has ended."""


@dataclass(frozen=True)
class Wish:
    """What a user agrees to: a client, and what it may do, until it is asked again."""

    client_id: str
    scope: frozenset[str]
    resource: str
    redirect_uri: str
    challenge: str
    may_refresh: bool


@dataclass(frozen=True)
class Grant:
    """What a user has agreed to. ``id`` is the session of all access tokens that come of it."""

    id: UUID
    wish: Wish
    is_used: bool
    is_revoked: bool


class Grants(Protocol):
    """What users have granted to clients. Each method raises StorageUnavailableError."""

    def account(self, principal: Principal) -> str:
        """Return by what a user knows for whom he acts: his organization's name, and his own."""
        ...

    def give(self, principal: Principal, wish: Wish) -> str:
        """Store a user's consent; return the code for it, which is told once."""
        ...

    def find_code(self, code: str) -> Grant | None:
        """Return what a code was given for, used up or not."""
        ...

    def take_code(self, code: str, refresh_token: str | None) -> Principal | Exchange:
        """Use a code up, once, and store the refresh token that it is exchanged for.

        Returned is for whom the client acts from now on, or why it does not.
        """
        ...

    def find_refresh_token(self, token: str) -> Grant | None:
        """Return what a refresh token came of."""
        ...

    def rotate(self, token: str, successor: str) -> Principal | Exchange:
        """Put another refresh token in the place of one, once; return as ``take_code`` does."""
        ...

    def end(self, grant_id: UUID) -> bool:
        """End a grant, and every token that came of it; False when it had ended before."""
        ...


class Clients(Protocol):
    """The clients that are known here, by registration or by a document of their own."""

    def find(self, client_id: str) -> Client | None:
        """Return a client to whom something may be granted now.

        StorageUnavailableError; and RefusedUrlError where its document is no good, of which the
        message is for whoever reads the page.
        """
        ...

    def find_again(self, client_id: str) -> Client | None:
        """Return a client who presents what was granted before; nothing is fetched for it."""
        ...

    def describe(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a client that says this of itself is registered with; BadMetadataError."""
        ...

    def register(self, metadata: Mapping[str, Any]) -> Registered | None:
        """Add a client that registers itself; None where there are as many as may be."""
        ...

    def remove(self, client: Client, registration_token: str) -> bool:
        """Remove it, with all that was granted to it; False where the token is another's."""
        ...


@dataclass(frozen=True)
class Desks:
    """What answers at the URLs of the authorization server; each is made of the one before it."""

    tokens: Any
    consent: Any
    registration: Any


@dataclass(frozen=True)
class AuthorizationParts:
    """The authorization server for MCP clients: itself, as ``issuer``, and what it protects.

    ``desks`` makes what answers at its URLs, of all parts and of these. ``login`` is the path at
    which a browser is signed in, and from there sent to where its parameter ``next`` says; None
    where a session is begun in some other way.
    """

    issuer: str
    resource: str
    clients: Clients
    grants: Grants
    consents: Consents
    requests: Limiter
    registrations: Limiter
    access_seconds: int
    scopes: tuple[str, ...]
    desks: Callable[[Any, AuthorizationParts], Desks]
    login: str | None = None


@dataclass(frozen=True)
class OAuthParts:
    """The states of OAuth flows, what clears away the old ones, and the authorization server."""

    states: OAuthStates
    cleanup: Background
    authorization: AuthorizationParts | None = None
