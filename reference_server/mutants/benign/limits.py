"""Other ways to count requests that keep every declared limit."""

from __future__ import annotations

import math
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reference_server.limits.contracts import Admission, Budget
from reference_server.mutants.bending import replaced
from reference_server.mutants.benign.edge import benign

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.core.contracts import Clock
    from reference_server.limits.contracts import Limiter, LimitParts
    from reference_server.parts import Parts

_COUNTED = frozenset(f"RATE-{number:02}" for number in range(1, 10))


@dataclass
class _ByTheClock:
    """Admits ``requests`` of a subject in each window that begins at a multiple of its length."""

    clock: Clock
    requests: int
    window: int
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _number: int = 0
    _asked: Counter[str] = field(default_factory=Counter[str])

    def admit(self, subject: str) -> Admission:
        """Spend one request of the subject's."""
        with self._lock:
            number, passed = divmod(self.clock.now().timestamp(), self.window)
            if number != self._number:
                self._number = int(number)
                self._asked.clear()
            self._asked[subject] += 1
            left = self.requests - self._asked[subject]
        wait = max(1, math.ceil(self.window - passed))
        return Admission(
            admitted=left >= 0,
            limit=self.requests,
            window=self.window,
            retry_after=0 if left >= 0 else wait,
            budget=lambda: Budget(max(0, left), wait),
        )


def _by_the_clock(of: Callable[[LimitParts], Limiter]) -> Callable[[Parts], _ByTheClock]:
    def rebuild(parts: Parts) -> _ByTheClock:
        usual = of(parts.limits).admit("whoever asks how many there may be")
        return _ByTheClock(parts.clock, usual.limit, usual.window)

    return rebuild


VARIANTS = (
    benign(
        "windows-by-the-clock",
        "Every limit counts in windows that begin at full minutes, or quarters of an hour.",
        parts=replaced(
            {
                "limits.address": _by_the_clock(lambda limits: limits.address),
                "limits.tenant": _by_the_clock(lambda limits: limits.tenant),
                "limits.auth": _by_the_clock(lambda limits: limits.auth),
            }
        ),
        touches=_COUNTED,
    ),
)
