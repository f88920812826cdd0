"""The keys of one issuer: fetched beside the requests, kept while it is out, never let go for bad.

Whoever presents a token with an unknown key has the set fetched, as often as the interval allows
and no more: all others are answered from what is known.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reference_server.identity.jwks import PoisonedSetError, VerifyingKey
from reference_server.outbound.documents import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reference_server.core.contracts import Clock

WAIT_SECONDS = 2.0
"""How long a request may wait for a fetch: from its beginning, not from when the request came."""
MOST_WAITING = 8
"""Requests that may wait at once. Whoever comes with an unknown key beyond these is refused: the
threads are for those whose keys are known."""

_logger = logging.getLogger(__name__)


_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Pace:
    """How often a set is fetched, how long it is taken for fresh, and how long it counts at all."""

    refresh: float
    fresh: timedelta
    outage: timedelta


@dataclass(frozen=True)
class _Known:
    """A good set, and when it came."""

    keys: Mapping[str, VerifyingKey] = field(default_factory=dict[str, VerifyingKey])
    at: datetime = _NEVER


class KeyRing:
    """Finds an issuer's key by its id. ``fetch`` returns a good set, or tells why there is none."""

    def __init__(
        self, fetch: Callable[[], Mapping[str, VerifyingKey]], clock: Clock, pace: Pace
    ) -> None:
        self._fetch, self._clock, self._pace = fetch, clock, pace
        self._known = _Known()
        self._lock = threading.Lock()
        self._waiting = threading.Semaphore(MOST_WAITING)
        self._began = float("-inf")
        self._under_way: threading.Event | None = None

    def find(self, kid: str) -> VerifyingKey | None:
        """Return the key of an id; None where the issuer has none that is known now."""
        key, is_fresh = self._look(kid)
        if key is not None:
            if not is_fresh:
                self._refresh()  # nobody waits for it
            return key
        self._await(self._refresh())
        return self._look(kid)[0]

    def _look(self, kid: str) -> tuple[VerifyingKey | None, bool]:
        known, now = self._known, self._clock.now()
        if now - known.at > self._pace.outage:
            return None, False
        return known.keys.get(kid), now - known.at <= self._pace.fresh

    def _refresh(self) -> threading.Event | None:
        """Begin to fetch the set, unless it is under way; None where it was fetched just now."""
        with self._lock:
            if self._under_way is not None:
                return self._under_way
            now = time.monotonic()
            if now - self._began < self._pace.refresh:
                return None
            self._began, self._under_way = now, threading.Event()
            threading.Thread(target=self._run, name="issuer-keys", daemon=True).start()
            return self._under_way

    def _await(self, event: threading.Event | None) -> None:
        left = self._began + WAIT_SECONDS - time.monotonic()
        if event is None or left <= 0 or not self._waiting.acquire(blocking=False):
            return
        try:
            event.wait(left)
        finally:
            self._waiting.release()

    def _run(self) -> None:
        try:
            keys = self._fetch()
            self._known = _Known(keys, self._clock.now())
        except (DocumentError, PoisonedSetError) as error:
            _logger.warning("an issuer's keys cannot be had, the former ones stay: %s", error)
        finally:
            with self._lock:
                ended, self._under_way = self._under_way, None
            if ended is not None:
                ended.set()
