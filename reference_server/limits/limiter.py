"""Request budgets on ``limits``: a moving window, exact under threads, on the Clock part."""

from __future__ import annotations

import math
import threading
from array import array
from bisect import bisect_right
from dataclasses import dataclass, field, replace
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

MOST_SUBJECTS = 65_536
"""Subjects that have a window of their own. Each takes some 300 bytes, and 8 more an entry."""

NEWCOMERS = ""
"""The key of the one window that all others share while there are so many."""

SWEPT_AT_ONCE = 2
"""Subjects that are looked at with each entry. More than one can come meanwhile, so the idle ones
are found, and nobody waits while all are looked through."""


@dataclass(slots=True)
class _Window:
    """When a subject's entries were made, in order, and how long each counts, in seconds."""

    span: int
    moments: array[float] = field(default_factory=lambda: array("d"))

    def drop_old(self, now: float) -> None:
        """Drop what has expired; an entry of the future (the clock went back) counts as of now."""
        old = bisect_right(self.moments, now - self.span)
        del self.moments[:old]
        if self.moments and self.moments[-1] > now:
            self.moments = array("d", (min(moment, now) for moment in self.moments))


class ClockedMemory(Storage, MovingWindowSupport):
    """A storage for one process whose time is the Clock part's, bounded in memory.

    The library's own memory storage reads the system clock, which `demo` cannot move, counts an
    entry as live at the very moment it expires, which would make a true Retry-After false, and
    grows with every subject that ever came.

    Once ``most`` subjects are live, newcomers share one window, so that each is admitted less than
    alone, and never more. Who has a window keeps it, as long as one of its entries counts.
    """

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock, most: int = MOST_SUBJECTS) -> None:
        super().__init__()
        self._clock = clock
        self._most = most
        self._lock = threading.Lock()
        self._windows: dict[str, _Window] = {}
        """In the order of their last entries, hence the idle ones first."""

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
            self._sweep(now)
            key = self._shared(key)
            window = self._windows.get(key) or _Window(expiry)
            window.drop_old(now)
            if len(window.moments) + amount > limit:
                return False
            window.moments.extend([now] * amount)
            self._windows.pop(key, None)
            self._windows[key] = window
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return when the oldest live entry was made, and how many are live (at most ``limit``)."""
        del expiry  # each window knows its own
        with self._lock:
            now = self.now()
            window = self._windows.get(self._shared(key))
            if window is None:
                return now, 0
            window.drop_old(now)
            newest = window.moments[-limit:] if limit else ()
            return (newest[0], len(newest)) if newest else (now, 0)

    def _shared(self, key: str) -> str:
        """Return the key under which a subject is counted."""
        is_known = key in self._windows or len(self._windows) < self._most
        return key if is_known else NEWCOMERS

    def _sweep(self, now: float) -> None:
        for key in list(islice(self._windows, SWEPT_AT_ONCE)):
            window = self._windows[key]
            window.drop_old(now)
            if window.moments:
                return
            del self._windows[key]

    def clear(self, key: str) -> None:
        """Forget the key's entries."""
        with self._lock:
            self._windows.pop(key, None)

    def reset(self) -> int:
        """Forget everything; return how many keys that were."""
        with self._lock:
            count = len(self._windows)
            self._windows.clear()
            return count

    def check(self) -> bool:
        """Tell whether the storage answers: always, it is memory."""
        return True

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Refuse: fixed windows admitted too few under threads when measured, so none is used."""
        raise NotImplementedError

    def get(self, key: str) -> int:
        """Return how many entries the key holds."""
        window = self._windows.get(key)
        return 0 if window is None else len(window.moments)

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
