"""What an attack is: how one connection of the client behaves, and how many it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from load.attacks.attacker import Line


@dataclass(frozen=True)
class Attack:
    """One thing that a client does, on so many connections, from one address and with one key."""

    name: str
    summary: str
    connections: int
    behave: Callable[[Line, int], Awaitable[None]]
    """What is done on a connection, which has a number; when it ends, or is closed, again."""
