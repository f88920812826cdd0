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
_STRIDES = (7_368_787, 15_485_863, 32_452_843, 49_979_687)
"""Primes: by such steps every address comes before one comes again."""


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
        blocks = octets if lane is None else octets[lane % 16 :: 16]
        self._blocks = blocks if is_scattered else [secrets.choice(blocks)]
        stride = secrets.choice(_STRIDES) if is_scattered else 1
        self._numbers = itertools.count(secrets.randbelow(200 * 250), stride)

    def fresh(self) -> str | None:
        """Return an address not handed out before; None where there is just the machine's own."""
        if not self.is_usable:
            return None
        block, number = divmod(next(self._numbers), _BLOCK)
        second = self._blocks[block % len(self._blocks)]
        return f"127.{second}.{number // 250 + 1}.{number % 250 + 1}"


def _can_bind(address: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
