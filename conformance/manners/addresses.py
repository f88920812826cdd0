"""Client addresses: on loopback each check has its own, so no limit of one touches another."""

from __future__ import annotations

import itertools
import secrets
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.profile.target import Target

_SECOND_OCTETS = range(16, 248)
_BLOCK = 250 * 250
"""Addresses in a block that are used."""


class AddressPool:
    """Hands out addresses in 127.0.0.0/8 that no one else of this run has."""

    def __init__(
        self, target: Target, lane: int | None = None, *, is_scattered: bool = False
    ) -> None:
        """Draw from a random block; ``lane`` (the worker's number) keeps workers apart.

        Addresses come in a row, or ``is_scattered`` over all blocks of the lane.
        """
        self.is_usable = target.is_loopback and _can_bind("127.31.7.1")
        octets = list(_SECOND_OCTETS)
        self._lane = octets if lane is None else octets[lane % 16 :: 16]
        self._block = secrets.choice(self._lane)
        self._scattered: set[str] | None = set() if is_scattered else None
        self._numbers = itertools.count(secrets.randbelow(200 * 250))

    def fresh(self) -> str | None:
        """Return an address not handed out before; None where there is just the machine's own."""
        if not self.is_usable:
            return None
        if self._scattered is not None:
            return self._drawn(self._scattered)
        return _address(self._block, next(self._numbers))

    def _drawn(self, gone: set[str]) -> str:
        """Return an address that is not among those that are gone, and is from now on."""
        while True:  # bounded: a lane has 700 000 addresses, of which a run uses few
            address = _address(secrets.choice(self._lane), secrets.randbelow(_BLOCK))
            if address not in gone:
                gone.add(address)
                return address


def _address(block: int, number: int) -> str:
    return f"127.{block}.{number // 250 % 250 + 1}.{number % 250 + 1}"


def _can_bind(address: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
