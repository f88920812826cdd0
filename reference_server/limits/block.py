"""Blocks an address after too many failed authentications."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from limits import RateLimitItemPerSecond
from limits.strategies import MovingWindowRateLimiter

from reference_server.limits.limiter import ClockedMemory

if TYPE_CHECKING:
    from datetime import datetime

    from reference_server.core.contracts import Clock


class FailureBlock:
    """Counts failures of an address in a moving window and blocks it when they are too many.

    ``failures`` within ``window`` seconds engage; the block lasts ``block`` seconds from the
    failure that engaged it, whatever is tried meanwhile.
    """

    def __init__(self, clock: Clock, failures: int, window: int, block: int) -> None:
        self._clock = clock
        self._storage = ClockedMemory(clock)
        self._counter = MovingWindowRateLimiter(self._storage)
        # The failure for which there is no room any more is the one that engages.
        self._item = RateLimitItemPerSecond(failures - 1, window)
        self._length = timedelta(seconds=block)
        self._lock = threading.Lock()
        self._until: dict[str, datetime] = {}

    def is_blocked(self, address: str) -> bool:
        """Tell whether the address is blocked now."""
        with self._lock:
            return self._blocks(address)

    def record_failure(self, address: str) -> bool:
        """Count a failure; True when this one engaged the block."""
        with self._lock:
            if self._blocks(address):
                return False
            if self._counter.hit(self._item, address):
                return False
            self._storage.clear(self._item.key_for(address))
            self._forget_ended()
            self._until[address] = self._clock.now() + self._length
            return True

    def _blocks(self, address: str) -> bool:
        until = self._until.get(address)
        if until is None:
            return False
        now = self._clock.now()
        # A clock that was set back must not make a block longer than it says.
        self._until[address] = until = min(until, now + self._length)
        if now < until:
            return True
        del self._until[address]
        return False

    def _forget_ended(self) -> None:
        now = self._clock.now()
        for address in [name for name, until in self._until.items() if until <= now]:
            del self._until[address]
