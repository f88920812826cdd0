"""What a target asks of its callers with ``Retry-After``, and how long a run does as it is asked.

Only where the limit was met by accident: a check that exhausts one has its own way back. Each
worker process heeds what it is told itself.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from conformance.verdicts import NotEstablishedError
from conformance.waiting import pass_time

if TYPE_CHECKING:
    from collections.abc import Callable


LONGEST = 60.0
"""Seconds that a run waits at once, unless --patience is more."""
DECLARE = "declare its limits in [limits]"
"""What helps where a limit was met that no profile tells of."""
WITH_OTHERS = (
    "what other checks sent with this tenant's keys counts, too, and those of [tenants.spare] and "
    "those made in the run are not paced: judge fewer areas in one run"
)
"""What helps where a limit was met by a key with which nobody keeps to the declared ones."""
MOST = 300.0
"""Seconds that a process waits in all, unless --patience is more."""
_LIMITED = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class Timed(Protocol):
    """An answer that may tell when to come again."""

    @property
    def status(self) -> int | None:
        """The status; None where no answer came."""
        ...

    @property
    def retry_after(self) -> float | None:
        """The seconds that ``Retry-After`` names."""
        ...


@dataclass
class Allowance:
    """The seconds that a process may still wait."""

    left: float


class Courtesy:
    """Holds requests back until the time a target has named is over."""

    def __init__(
        self,
        patience: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float, str], None] = pass_time,
        allowance: Allowance | None = None,
    ) -> None:
        self._patience, self._longest = patience, max(LONGEST, patience)
        self._allowance = allowance or Allowance(max(MOST, patience))
        self._clock, self._wait = clock, wait
        self._until, self._remedy = 0.0, DECLARE
        self._lock = threading.Lock()  # bounded: held while time passes, as much as is left of it

    def anew(self) -> Courtesy:
        """Return one that has been told nothing yet, and waits at the cost of the same time."""
        return Courtesy(self._patience, self._clock, self._wait, self._allowance)

    def note(self, answer: Timed, remedy: str = DECLARE) -> bool:
        """Learn from an answer whether, and until when, the target wants to hear nothing.

        ``remedy`` is what keeps a run from this limit.
        """
        seconds = answer.retry_after if answer.status in _LIMITED else None
        if seconds is None or seconds <= 0:
            return False
        with self._lock:
            self._until, self._remedy = max(self._until, self._clock() + seconds), remedy
        return True

    def heed(self) -> None:
        """Wait until the target may be asked again.

        Raises NotEstablishedError when it wants more time than a run has.
        """
        with self._lock:
            seconds = self._until - self._clock()
            if seconds <= 0:
                return
            if seconds > min(self._longest, self._allowance.left):
                raise NotEstablishedError(
                    f"the target asks not to be called for {seconds:.0f} s (Retry-After): "
                    f"{self._remedy}, or give more --patience"
                )
            self._allowance.left -= seconds
            # Under the lock: the other threads of a check are to wait as well.
            self._wait(seconds, "doing as Retry-After asks")
