"""Gives each user its tenant and its client address."""

from __future__ import annotations

import itertools
import secrets
import socket
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from load.ledger import Conduct

if TYPE_CHECKING:
    from conformance.profile.target import Target

_BLOCKS = range(16, 248)
_PROBE = "127.31.7.1"


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
        self._has_addresses = target.is_loopback and can_bind(_PROBE)
        self._block = secrets.choice(_BLOCKS)
        self._numbers = itertools.count(secrets.randbelow(200 * 250))
        self._taken: Counter[str] = Counter()
        limits = target.limits
        # A user beyond its own limit must leave its tenant's other users room within theirs.
        self._can_exceed = (
            self._has_addresses and 2 * limits.address_requests <= limits.tenant_requests
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
        return Seat(tenant, self._address(), conduct)

    def _address(self) -> str | None:
        if not self._has_addresses:
            return None
        number = next(self._numbers)
        return f"127.{self._block}.{number // 250 % 250 + 1}.{number % 250 + 1}"


def can_bind(address: str) -> bool:
    """Tell whether this machine lets a client use an address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
