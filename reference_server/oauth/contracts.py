"""What the server asks of the states of OAuth flows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from uuid import UUID

    from reference_server.core.contracts import Background


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


@dataclass(frozen=True)
class OAuthParts:
    """The states of OAuth flows, and what clears away the old ones."""

    states: OAuthStates
    cleanup: Background
