"""Gives each user its tenant and its client address."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.manners.addresses import AddressPool
from load.ledger import Conduct

if TYPE_CHECKING:
    from conformance.profile.target import Target


@dataclass(frozen=True)
class Seat:
    """Who one user is; ``address`` is None where only the machine's own address can be used."""

    tenant: str
    address: str | None
    conduct: Conduct


class Seats:
    """Hands out seats: tenants in turn within each kind of user, and a fresh address each."""

    def __init__(self, target: Target) -> None:
        """Draw addresses from a random block, so that two runs do not share a window."""
        self._addresses = AddressPool(target)
        self._taken: Counter[str] = Counter()
        limits = target.limits
        # A user beyond its own limit must leave its tenant's other users room within theirs.
        self._can_exceed = (
            self._addresses.is_usable and 2 * limits.address_requests <= limits.tenant_requests
        )

    @property
    def reserved(self) -> int:
        """How many users of each tenant may go beyond their address limit: one, or none."""
        return int(self._can_exceed)

    def take(self, kind: str, conduct: Conduct) -> Seat:
        """Return the next seat of a kind of user.

        Only the first user of each tenant may go beyond the limits; others get a seat within.
        """
        turn = self._taken[kind]
        self._taken[kind] += 1
        tenant = "ab"[turn % 2]
        if conduct is Conduct.BEYOND and (not self._can_exceed or turn >= len("ab")):
            conduct = Conduct.WITHIN
        return Seat(tenant, self._addresses.fresh(), conduct)
