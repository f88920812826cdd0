"""What the server asks of limits and blocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reference_server.core.vocabulary import Tier


@dataclass(frozen=True)
class Budget:
    """What a subject has left: requests, and whole seconds until there is one more."""

    remaining: int
    reset_after: int


@dataclass(frozen=True)
class Admission:
    """A limiter's answer. Times are in whole seconds; ``retry_after`` is 0 when admitted.

    ``budget`` finds out what is left, which most answers never tell; StorageUnavailableError.
    """

    admitted: bool
    limit: int
    window: int
    retry_after: int
    budget: Callable[[], Budget]


class Limiter(Protocol):
    """A request budget for each subject (an address, a tenant)."""

    def admit(self, subject: str) -> Admission:
        """Spend one request of the subject's; StorageUnavailableError when that is unknown."""
        ...


class AddressBlock(Protocol):
    """Blocks an address after too many failed authentications."""

    def is_blocked(self, address: str) -> bool:
        """Tell whether the address is blocked now."""
        ...

    def record_failure(self, address: str) -> bool:
        """Count a failure; True when this one engaged the block."""
        ...


@dataclass(frozen=True)
class LimitParts:
    """What counts requests, and failures to authenticate.

    ``tiers`` count for themselves what a tenant's callers of some rate tiers ask for, so that none
    of them uses up what the others have; ``tenant`` counts all the rest together.
    """

    address: Limiter
    tenant: Limiter
    auth: Limiter
    block: AddressBlock
    tiers: Mapping[Tier, Limiter] = field(default_factory=dict["Tier", "Limiter"])
