"""Has the requests of one address wait for one another, so that others need not wait for them all.

Threads are given out in the order in which they are asked for: without this, a request would wait
behind as many of one client's as it has connections.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


@dataclass
class _Queue:
    """The requests of one address: those under way, and those that wait."""

    places: asyncio.Semaphore
    count: int = 0


@dataclass
class Turns:
    """Lets ``at_once`` requests of an address on. All methods are the event loop's."""

    at_once: int
    _queues: dict[str, _Queue] = field(default_factory=dict[str, _Queue])

    @asynccontextmanager
    async def of(self, address: str) -> AsyncGenerator[None]:
        """Wait for a place among the address's own, and keep it while the block lasts."""
        queue = self._queues.setdefault(address, _Queue(asyncio.Semaphore(self.at_once)))
        queue.count += 1
        try:
            async with queue.places:
                yield
        finally:
            queue.count -= 1
            if not queue.count:
                del self._queues[address]
