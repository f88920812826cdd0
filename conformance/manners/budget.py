"""What a client address may still spend before the target limits or blocks it.

A run must never lock itself out by surprise: whoever sends asks here first.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections import Counter, defaultdict, deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

from conformance.manners.stalls import Stalls
from conformance.model import Channel
from conformance.verdicts import NotAssessedError
from conformance.waiting import OverdueError, pass_time

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from conformance.manners.addresses import AddressPool
    from conformance.profile.target import DeclaredLimits

_LATE = 1
"""Seconds by which a request may be counted later than it was sent."""
_LEDGER_SECONDS = 30
"""Waited for another process that is entering a request."""
_SHORTEST_WAIT = 0.01
KEY_LIMIT = "staying below the tenant's request limit"
ADDRESS_LIMIT = "staying below the address's request limit"
_MOST_WINDOWS = 20
"""Windows in which others may take all the room that a key has."""
_MARGIN = 2
"""Kept in hand at each limit: the check that follows must still be heard."""


class UnderWay:
    """The exchanges of this process that are under way, by the threads that carry them out."""

    def __init__(self) -> None:
        # bounded: held to count, or for the seconds of a wait
        self._changed = threading.Condition()
        self._threads: Counter[int] = Counter()

    @contextmanager
    def exchange(self) -> Generator[None]:
        """Count an exchange of this thread's while the block lasts."""
        thread = threading.get_ident()
        with self._changed:
            self._threads[thread] += 1
        try:
            yield
        finally:
            with self._changed:
                self._threads[thread] -= 1
                self._threads += Counter()  # forgets those that have ended
                self._changed.notify_all()

    def wait_for_others(self, seconds: float) -> None:
        """Return once no other thread exchanges anything, or when the seconds are over."""
        own = {threading.get_ident()}
        with self._changed:
            self._changed.wait_for(lambda: self._threads.keys() <= own, seconds)


class KeyPace:
    """Keeps the requests of each working key below its tenant's limit, by waiting if need be.

    ``ledger`` is a file in which all worker processes of a run enter what they send, since the
    limit is one for all of them; without one, nobody else sends. Keys are entered as digests.
    ``leap`` lets seconds pass at the target at once, in place of a wait, and has all that was sent
    age by as much.
    """

    def __init__(self, limits: DeclaredLimits, ledger: Path | None = None) -> None:
        self.leap: Callable[[float], None] | None = None
        self.under_way = UnderWay()
        self._leaping = threading.Lock()  # bounded: held for a second and a leap
        self._window = limits.tenant_window_seconds + _LATE
        self._most = max(1, limits.tenant_requests - _MARGIN)
        self._turn = threading.Lock()  # bounded: held for a statement, by the ledger's time-out
        self._ledger = sqlite3.connect(
            ":memory:" if ledger is None else ledger,
            timeout=_LEDGER_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        # What is written dies with the run: no disk need be waited for.
        self._ledger.execute("PRAGMA synchronous = OFF")
        self._ledger.execute("PRAGMA journal_mode = MEMORY")
        self._ledger.execute("CREATE TABLE IF NOT EXISTS sent (key BLOB, at REAL)")

    def spend(self, key: str) -> None:
        """Charge one request to a key, after waiting until there is room for it."""
        self._when_there_is_room(_digest(key), 1, self._enter)

    def make_room(self, key: str, requests: int) -> None:
        """Wait until so many requests may be charged to a key without a wait, or all that ever may.

        For what is good for less than a window: between it and the request no time may pass.
        """
        self._when_there_is_room(_digest(key), min(requests, self._most), self._wait)

    def has_room(self, key: str) -> bool:
        """Tell whether a request may be charged to a key without a wait."""
        return not self._wait(_digest(key), 1)

    def age(self, seconds: float) -> None:
        """Count all that was sent as so much older: the target's clock was moved on."""
        with self._turn, self._ledger:
            self._ledger.execute("UPDATE sent SET at = at - ?", (seconds,))

    def _when_there_is_room(
        self, digest: bytes, requests: int, take: Callable[[bytes, int], float]
    ) -> None:
        longest = _MOST_WINDOWS * self._window
        deadline = time.monotonic() + longest
        while (wait := take(digest, requests)) > 0:
            if time.monotonic() >= deadline:
                raise OverdueError("room for one more request of a key below its limit", longest)
            self._let_pass(digest, requests, wait)

    def _let_pass(self, digest: bytes, requests: int, wait: float) -> None:
        """Let the seconds pass after which a key may send again, by the target's clock if we may.

        First what others have under way arrives, and those that wait meanwhile find room without a
        leap. A leap takes a whole window, so that there is room for as many as can be.
        """
        if self.leap is None:
            pass_time(wait, KEY_LIMIT)
            return
        with self._leaping:
            if self._wait(digest, requests):
                self.under_way.wait_for_others(_LATE)
                self.leap(self._window)

    def _enter(self, digest: bytes, requests: int) -> float:
        """Enter requests and return 0, or else return the seconds until there may be room."""
        now = time.monotonic()  # one clock for all processes of a machine
        with self._turn, self._ledger:
            self._ledger.execute("BEGIN IMMEDIATE")
            self._ledger.execute("DELETE FROM sent WHERE at <= ?", (now - self._window,))
            if wait := self._wait_at(now, digest, requests):
                return wait
            self._ledger.executemany("INSERT INTO sent VALUES (?, ?)", [(digest, now)] * requests)
            return 0.0

    def _wait(self, digest: bytes, requests: int) -> float:
        with self._turn, self._ledger:
            return self._wait_at(time.monotonic(), digest, requests)

    def _wait_at(self, now: float, digest: bytes, requests: int) -> float:
        """Return the seconds until there may be room for requests; 0 where there is."""
        found = self._ledger.execute(
            "SELECT at FROM sent WHERE key = ? AND at > ? ORDER BY at", (digest, now - self._window)
        )
        sent = [at for (at,) in found]
        too_many = len(sent) + requests - self._most
        if too_many <= 0:
            return 0.0
        return max(_SHORTEST_WAIT, sent[too_many - 1] + self._window - now)


class Budget:
    """Chooses the client address of each request so that no declared limit is reached by accident.

    Where there are many addresses a used-up one is exchanged for a fresh one. Where there is one,
    requests are paced to the declared limit, and failed authentications end with the allowance.
    ``stalls`` is the time that may still be lost on requests that do not end.
    """

    def __init__(
        self,
        pool: AddressPool,
        limits: DeclaredLimits,
        pace: KeyPace | None = None,
        stalls: Stalls | None = None,
    ) -> None:
        self._pool, self._limits = pool, limits
        self.stalls = stalls or Stalls()
        self._pace_of_keys = pace or KeyPace(limits)
        self._sent: defaultdict[str | None, deque[float]] = defaultdict(deque)
        self._failed: Counter[str | None] = Counter()
        self._current = pool.fresh()

    def exchange(self) -> AbstractContextManager[None]:
        """Count an exchange, its charge included, as under way while the block lasts."""
        return self._pace_of_keys.under_way.exchange()

    def pace(self, key: str) -> None:
        """Charge one request to a working key's tenant, waiting until there is room for it."""
        self._pace_of_keys.spend(key)

    def make_room(self, key: str, requests: int) -> None:
        """Wait until a working key and its address may send so many requests without a wait."""
        self._pace_of_keys.make_room(key, requests)
        self._make_room(min(requests, self._limits.address_requests - _MARGIN))

    def has_room(self, key: str | None) -> bool:
        """Tell whether a request, with that key if any, may be sent without a wait."""
        if key is not None and not self._pace_of_keys.has_room(key):
            return False
        return self._requests_left() > 0

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
        self._make_room(1)
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

    def _make_room(self, requests: int) -> None:
        if self._requests_left() >= requests:
            return
        self._exchange()
        while self._requests_left() < requests:  # bounded: nothing is sent, so a window ends it
            oldest = self._sent[self._current][0]
            left = oldest + self._limits.address_window_seconds - time.monotonic()
            pass_time(max(_SHORTEST_WAIT, left), ADDRESS_LIMIT)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
