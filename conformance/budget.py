"""What a client address may still spend before the target limits or blocks it.

A run must never lock itself out by surprise (design section 5): whoever sends asks here first.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict, deque
from typing import TYPE_CHECKING

from conformance.model import Channel
from conformance.verdicts import NotAssessedError
from conformance.waiting import pass_time

if TYPE_CHECKING:
    from conformance.evidence.addresses import AddressPool
    from conformance.target import DeclaredLimits

_LATE = 1
"""Seconds by which a request may be counted later than it was sent."""
_MARGIN = 2
"""Kept in hand at each limit: the check that follows must still be heard."""


class KeyPace:
    """Keeps the requests of each working key below its tenant's limit, by waiting if need be.

    ``workers`` share the limit, since none of them knows what the others send.
    """

    def __init__(self, limits: DeclaredLimits, workers: int = 1) -> None:
        self._window = limits.tenant_window_seconds + _LATE
        self._most = max(1, limits.tenant_requests // workers - _MARGIN)
        self._sent: defaultdict[str, deque[float]] = defaultdict(deque)

    def spend(self, key: str) -> None:
        """Charge one request to a key, after waiting until there is room for it."""
        sent = self._sent[key]
        while len(sent) >= self._most:
            pass_time(max(0.0, sent[0] + self._window - time.monotonic()))
            horizon = time.monotonic() - self._window
            while sent and sent[0] <= horizon:
                sent.popleft()
        sent.append(time.monotonic())


class Budget:
    """Chooses the client address of each request so that no declared limit is reached by accident.

    Where there are many addresses a used-up one is exchanged for a fresh one. Where there is one,
    requests are paced to the declared limit, and failed authentications end with the allowance.
    """

    def __init__(
        self, pool: AddressPool, limits: DeclaredLimits, pace: KeyPace | None = None
    ) -> None:
        self._pool, self._limits = pool, limits
        self._pace_of_keys = pace or KeyPace(limits)
        self._sent: defaultdict[str | None, deque[float]] = defaultdict(deque)
        self._failed: Counter[str | None] = Counter()
        self._current = pool.fresh()

    def pace(self, key: str) -> None:
        """Charge one request to a working key's tenant, waiting until there is room for it."""
        self._pace_of_keys.spend(key)

    def spend(self, *, may_fail: bool) -> str | None:
        """Return the address to send from, after charging one request to it.

        ``may_fail`` charges a failed authentication too. Raises NotAssessedError when the only
        address there is has no failure left to spend.
        """
        if may_fail and self._failed[self._current] >= self._limits.auth_failures - _MARGIN:
            self._exchange()
            if self._current is None:
                raise NotAssessedError(
                    "one more failed authentication could block this address at the target",
                    Channel.ADDRESSES,
                )
        if self._requests_left() <= 0:
            self._exchange()
            self._pace()
        self._sent[self._current].append(time.monotonic())
        self._failed[self._current] += may_fail
        return self._current

    def _exchange(self) -> None:
        self._current = self._pool.fresh()

    def _requests_left(self) -> int:
        sent = self._sent[self._current]
        horizon = time.monotonic() - self._limits.address_window_seconds
        while sent and sent[0] <= horizon:
            sent.popleft()
        return self._limits.address_requests - _MARGIN - len(sent)

    def _pace(self) -> None:
        while self._requests_left() <= 0:
            oldest = self._sent[self._current][0]
            pass_time(max(0.01, oldest + self._limits.address_window_seconds - time.monotonic()))
