"""What the server asks of session tokens, of how they come, and of a proxy's word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from reference_server.core.vocabulary import TokenFailure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from reference_server.core.principal import Principal
    from reference_server.core.vocabulary import TokenMethod

    Headers = Sequence[tuple[str, str]]

ABSENT = frozenset(
    {
        TokenFailure.NONE_FOUND,
        TokenFailure.MISSING_AUTHORIZATION,
        TokenFailure.MISSING_PROXY,
        TokenFailure.MISSING_COOKIE,
        TokenFailure.NOT_IN_COOKIE,
    }
)
"""Failures of who has presented nothing; whoever fails otherwise has presented something wrong."""


@dataclass(frozen=True)
class Found:
    """A token, not yet verified, and the way by which it came."""

    method: TokenMethod
    token: str


@dataclass(frozen=True)
class Missed:
    """No token: why, and what each method that was tried has missed, in their order."""

    reason: TokenFailure
    tried: Mapping[TokenMethod, TokenFailure]

    @property
    def is_absent(self) -> bool:
        """Whether nothing was presented at all."""
        return self.reason in ABSENT


class TokenExtractor(Protocol):
    """Takes a token out of a request's headers; it judges none."""

    @property
    def methods(self) -> Sequence[TokenMethod]:
        """The methods, in the order in which they are tried away from the MCP endpoint."""
        ...

    def yields(self, headers: Headers) -> bool:
        """Tell whether the request has an API key's header, before which no token counts."""
        ...

    def extract(self, headers: Headers, *, is_mcp: bool) -> Found | Missed:
        """Return what the first method finds that anything was presented by."""
        ...


class SessionValidator(Protocol):
    """Finds out whose a session token is, in one mode for the whole server."""

    @property
    def asks(self) -> bool:
        """Whether a credential is looked at; not where validation is disabled."""
        ...

    def absent(self) -> Principal | None:
        """Return who presents nothing; None where a credential is required."""
        ...

    def validate(self, token: str) -> Principal | None:
        """Return whose the token is; None for whatever is wrong with it.

        StorageUnavailableError when it is not known which tokens have been revoked.
        """
        ...

    def holds(self, principal: Principal) -> bool:
        """Tell whether a proof that was good is so still; errors as ``validate``."""
        ...


@dataclass(frozen=True)
class Issued:
    """A session just begun. The token is told once and stored nowhere."""

    token: str
    token_id: str
    session_id: str
    ends: datetime
    seconds: int


class SessionIssuer(Protocol):
    """Begins sessions."""

    def issue(self, principal: Principal) -> Issued | None:
        """Begin a session of whoever has an API key; None when the key has ended."""
        ...

    def begin(self, principal: Principal) -> Issued:
        """Begin a session of who has just proved who he is."""
        ...


class AccessTokens(Protocol):
    """Makes the tokens by which OAuth clients act for users at the MCP endpoint."""

    def make(self, principal: Principal, grant_id: str, audience: str, seconds: int) -> Issued:
        """Return a token of a grant's; its scope and client are those of the principal."""
        ...


class SessionEnds(Protocol):
    """Knows what has ended before its time, on every worker, without a query on a request."""

    def has_ended(self, name: str, now: datetime) -> bool:
        """Tell whether a token, a grant or a key of this id has ended.

        StorageUnavailableError when that has not been found out for too long.
        """
        ...

    def end(self, token_id: str) -> None:
        """End a token; StorageUnavailableError when that cannot be stored."""
        ...

    def close(self) -> None:
        """Stop looking."""
        ...


class ProxyIdentities(Protocol):
    """Believes a proxy's word for a caller, where the proxy has signed it."""

    def verify(self, value: str, method: str, path: str) -> Principal | None:
        """Return who is told of; None when the word is forged, altered, stale or used before."""
        ...


class Nonces(Protocol):
    """Remembers what may be used once."""

    def take(self, nonce: str) -> bool:
        """Tell whether it is new, and remember it; StorageUnavailableError when nobody can say."""
        ...


@dataclass(frozen=True)
class SessionParts:
    """What knows session tokens and proxies. ``cookie`` is the name of a browser's session.

    ``access`` makes tokens of another audience, which OAuth clients are given.
    ``origins``, to the letter, may have a browser change state by it, besides the server's own.
    """

    extractor: TokenExtractor
    validator: SessionValidator
    issuer: SessionIssuer
    access: AccessTokens
    ends: SessionEnds
    proxies: ProxyIdentities
    cookie: str
    origins: Sequence[str] = ()
