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

_MARGIN = 2
"""Kept in hand at each limit: the check that follows must still be heard."""


class Budget:
    """Chooses the client address of each request so that no declared limit is reached by accident.

    Where there are many addresses a used-up one is exchanged for a fresh one. Where there is one,
    requests are paced to the declared limit, and failed authentications end with the allowance.
    """

    def __init__(self, pool: AddressPool, limits: DeclaredLimits) -> None:
        self._pool, self._limits = pool, limits
        self._sent: defaultdict[str | None, deque[float]] = defaultdict(deque)
        self._failed: Counter[str | None] = Counter()
        self._current = pool.fresh()

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
