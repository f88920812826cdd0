"""Request budgets on ``limits``: a moving window, exact under threads, on the Clock part."""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from limits import RateLimitItemPerSecond
from limits.storage import MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter

from reference_server.core.errors import StorageUnavailableError
from reference_server.limits.contracts import Admission, Budget

if TYPE_CHECKING:
    from reference_server.core.contracts import Clock
    from reference_server.limits.shared import ClockedRedis

_SILENT = "the limit's storage did not answer"

SWEEP_EVERY = 1024
"""Admissions between two sweeps of idle subjects, so that memory follows the active ones."""


class ClockedMemory(Storage, MovingWindowSupport):
    """A storage for one process whose time is the Clock part's.

    The library's own memory storage reads the system clock, which `demo` cannot move, and counts
    an entry as live at the very moment it expires, which would make a true Retry-After false.
    """

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[str, deque[float]] = {}
        self._spans: dict[str, int] = {}
        self._acquired = 0

    @property
    def base_exceptions(self) -> type[Exception]:
        """The error that the library would wrap; memory has none of its own."""
        return MemoryError

    def now(self) -> float:
        """Return the Clock part's time in seconds since 1970."""
        return self._clock.now().timestamp()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Add ``amount`` entries if ``expiry`` seconds then hold at most ``limit`` of them."""
        with self._lock:
            now = self.now()
            entries = self._live(key, expiry, now)
            if len(entries) + amount > limit:
                return False
            entries.extend([now] * amount)
            self._entries[key] = entries
            self._spans[key] = expiry
            self._sweep(now)
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return when the oldest live entry was made, and how many are live (at most ``limit``)."""
        with self._lock:
            now = self.now()
            entries = self._live(key, expiry, now)
            newest = list(islice(reversed(entries), limit))
            return (newest[-1], len(newest)) if newest else (now, 0)

    def _live(self, key: str, expiry: int, now: float) -> deque[float]:
        """Drop what has expired; an entry of the future (the clock went back) counts as of now.

        A subject without any entry is forgotten.
        """
        entries = self._entries.get(key, deque())
        while entries and entries[0] <= now - expiry:
            entries.popleft()
        if not entries:
            self._entries.pop(key, None)
            self._spans.pop(key, None)
        elif entries[-1] > now:
            entries = deque(min(entry, now) for entry in entries)
            self._entries[key] = entries
        return entries

    def _sweep(self, now: float) -> None:
        self._acquired += 1
        if self._acquired % SWEEP_EVERY:
            return
        idle = [k for k, seen in self._entries.items() if seen[-1] <= now - self._spans[k]]
        for key in idle:
            del self._entries[key], self._spans[key]

    def clear(self, key: str) -> None:
        """Forget the key's entries."""
        with self._lock:
            self._entries.pop(key, None)
            self._spans.pop(key, None)

    def reset(self) -> int:
        """Forget everything; return how many keys that were."""
        with self._lock:
            count = len(self._entries)
            self._entries.clear()
            self._spans.clear()
            return count

    def check(self) -> bool:
        """Tell whether the storage answers: always, it is memory."""
        return True

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Refuse: fixed windows admitted too few under threads when measured, so none is used."""
        raise NotImplementedError

    def get(self, key: str) -> int:
        """Return how many entries the key holds."""
        return len(self._entries.get(key, ()))

    def get_expiry(self, key: str) -> float:
        """Refuse: it belongs to fixed windows."""
        raise NotImplementedError


class MovingWindowLimiter:
    """Admits ``requests`` of a subject in any ``window`` seconds, on the Clock part's time.

    ``storage`` is this process's memory unless said otherwise; limiters that share one must differ
    in ``scope``.
    """

    def __init__(
        self,
        clock: Clock,
        requests: int,
        window: int,
        *,
        storage: ClockedMemory | ClockedRedis | None = None,
        scope: str = "limit",
    ) -> None:
        self._storage = ClockedMemory(clock) if storage is None else storage
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._item = RateLimitItemPerSecond(requests, window, namespace=scope)

    def admit(self, subject: str) -> Admission:
        """Spend one request of the subject's; StorageUnavailableError when that is unknown."""
        try:
            admitted = self._limiter.hit(self._item, subject)
        except Exception as error:
            raise StorageUnavailableError(_SILENT) from error
        admission = Admission(
            admitted=admitted,
            limit=self._item.amount,
            window=self._item.get_expiry(),
            retry_after=0,
            budget=partial(self._budget, subject),
        )
        return admission if admitted else _refused(admission)

    def _budget(self, subject: str) -> Budget:
        try:
            reset_at, remaining = self._limiter.get_window_stats(self._item, subject)
            reset_after = max(0, math.ceil(reset_at - self._storage.now()))
        except Exception as error:
            raise StorageUnavailableError(_SILENT) from error
        return Budget(max(0, remaining), reset_after)


def _refused(admission: Admission) -> Admission:
    # Looked at once: a moment later there might be room, and no refusal may tell of it.
    left = replace(admission.budget(), remaining=0)
    return replace(admission, retry_after=max(1, left.reset_after), budget=lambda: left)
