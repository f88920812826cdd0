"""How long a run waits in vain: a target that leaves requests hanging may not hold it up for ever.

A target that is merely slow is not meant: what ends, however late, is no stall.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_SECONDS = 12.0
"""Seconds that a run waits in vain before it gives the target up."""
_EARNED = 0.1
"""Seconds more for each answer that ended: one request in a hundred may hang for ten seconds."""


class Stalls:
    """What a run has lost on requests that did not end, and what it is still willing to lose.

    Requests that hang at the same time are one loss. All checks of a process share one of these.
    """

    def __init__(
        self, most: float = MOST_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._left, self._lost = most, 0.0
        self._requests = 0
        self._until = 0.0
        self._lock = threading.Lock()  # bounded: held to reckon

    def require_patience(self) -> None:
        """Raise NotEstablishedError when the target is given up."""
        if self._left <= 0:
            raise NotEstablishedError(
                f"the target was given up: {self._requests} of its requests did not end, "
                f"and {self._lost:.0f} s went by waiting for them"
            )

    def allowed(self, seconds: float) -> float:
        """Return for how long to wait, at most ``seconds``. Raises NotEstablishedError at none."""
        with self._lock:
            self.require_patience()
            return min(seconds, self._left)

    def note(self, started: float, *, has_ended: bool) -> None:
        """Count a request sent when the clock showed ``started`` that is over now."""
        now = self._clock()
        with self._lock:
            if has_ended:
                self._left += _EARNED
                return
            loss = max(0.0, now - max(started, self._until))
            self._until = now
            self._requests += 1
            self._lost += loss
            # The clock of a time-out and this one may differ by an instant.
            self._left = left if (left := self._left - loss) > _EARNED else 0.0
