"""Blocks an address after too many failed authentications."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from limits import RateLimitItemPerSecond
from limits.strategies import MovingWindowRateLimiter

from reference_server.core.addresses import wider
from reference_server.limits.limiter import NEWCOMERS, ClockedMemory

if TYPE_CHECKING:
    from datetime import datetime

    from reference_server.core.contracts import Clock

MOST_BLOCKS = 16_384
"""Blocks of one width that are kept. Each takes some 200 bytes."""


class FailureBlock:
    """Counts failures of an address in a moving window and blocks it when they are too many.

    ``failures`` within ``window`` seconds engage; the block lasts ``block`` seconds from the
    failure that engaged it, whatever is tried meanwhile.

    What is kept is bounded, and fails closed. Once too many addresses have failed lately, newcomers
    share one count, so that theirs are blocked sooner. A block is never forgotten before it ends:
    where ``most`` addresses are blocked, the next one is blocked with its neighbours, then with all
    of its network, and at last with everybody.
    """

    def __init__(
        self, clock: Clock, failures: int, window: int, block: int, most: int = MOST_BLOCKS
    ) -> None:
        self._clock = clock
        self._storage = ClockedMemory(clock)
        self._counter = MovingWindowRateLimiter(self._storage)
        # The failure for which there is no room any more is the one that engages.
        self._item = RateLimitItemPerSecond(failures - 1, window)
        self._length = timedelta(seconds=block)
        self._most = most
        self._lock = threading.Lock()
        self._blocks: tuple[dict[str, datetime], ...] = ({}, {}, {}, {})
        """Until when each is blocked, the widest last. All last as long, so the first end first."""

    def is_blocked(self, address: str) -> bool:
        """Tell whether the address is blocked now."""
        with self._lock:
            return self._is_blocked(address)

    def record_failure(self, address: str) -> bool:
        """Count a failure; True when this one engaged the block."""
        with self._lock:
            if self._is_blocked(address):
                return False
            if self._counter.hit(self._item, address):
                return False
            self._storage.clear(self._item.key_for(address))
            self._engage(address)
            return True

    def _is_blocked(self, address: str) -> bool:
        if not any(self._blocks):
            return False
        if any(self._blocks[1:]):
            names = (address, *wider(address), NEWCOMERS)
            return any(self._holds(kept, name) for kept in self._blocks if kept for name in names)
        return self._holds(self._blocks[0], address)

    def _holds(self, kept: dict[str, datetime], name: str) -> bool:
        until = kept.get(name)
        if until is None:
            return False
        now = self._clock.now()
        # A clock that was set back must not make a block longer than it says.
        kept[name] = until = min(until, now + self._length)
        if now < until:
            return True
        del kept[name]
        return False

    def _engage(self, address: str) -> None:
        """Block the address, and no more than it, if there is room."""
        now = self._clock.now()
        names = (address, *wider(address))
        for name, kept in zip(names, self._blocks, strict=False):
            self._forget_ended(kept)
            if len(kept) < self._most:
                kept[name] = now + self._length
                return
        self._blocks[-1][NEWCOMERS] = now + self._length

    def _forget_ended(self, kept: dict[str, datetime]) -> None:
        while kept:
            if self._holds(kept, next(iter(kept))):
                return
