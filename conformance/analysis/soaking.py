"""The schedule of a soak: reads for as long as asked, narrow and wide, with long silences.

What goes wrong once in hundreds of reads takes many of them. What goes wrong when a cache is filled
anew takes a silence that outlives it: while somebody reads, it may never run out.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.waiting import gather, pass_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.profile.target import DeclaredLimits

WIDTHS = {1: 8, 2: 16, 8: 64, 24: 96}
"""How many reads a round makes, by how many at once. Half of them are each tenant's."""
_ROUND = sum(WIDTHS.values()) // 2
_SILENCE = range(61, 91)
"""Seconds of a silence: caches often live for a minute."""
_APART = 240.0
"""Seconds of a soak for which it has one silence, and one in any case."""
_FIRST = 8
"""Reads right after a silence, one at a time."""
_SHARE = 4
"""A silence takes no more than one part in so many of a soak."""
_SPARE = 2
"""Reads of a window that are left to whoever else has the tenants' keys."""


@dataclass(frozen=True)
class Soak:
    """Rounds of reads until ``seconds`` are over, spread so that no tenant meets its limit."""

    seconds: float
    limits: DeclaredLimits

    def bursts(self, read: Callable[[int], object]) -> Iterator[str]:
        """Make reads, and yield after each burst of them when and how it was made.

        There is a silence in any case, and reads after each, which may overrun the end by as much.
        """
        started = time.monotonic()
        end, silences = started + self.seconds, self._silences(started)
        while (begun := time.monotonic()) < end:
            for width, count in WIDTHS.items():
                gather(lambda turn: _before(end, read, turn), range(count), at_once=width)
                yield f"{time.monotonic() - started:.0f} s into the soak, {width} at once"
            if silences and time.monotonic() >= min(silences[0], end):
                silences.pop(0)
                pass_time(self._silence(), "keeping silent for longer than caches live (--soak)")
                gather(read, range(_FIRST), at_once=1)
                yield f"{time.monotonic() - started:.0f} s into the soak, after a silence"
            _pass(begun + self._least - time.monotonic(), end, "spreading the reads of --soak")

    @property
    def _least(self) -> float:
        """The seconds that a round is to take."""
        most = max(1, self.limits.tenant_requests - _SPARE)
        return self.limits.tenant_window_seconds * _ROUND / most

    def _silences(self, started: float) -> list[float]:
        count = max(1, int(self.seconds / _APART))
        return [started + self.seconds * place / (count + 1) for place in range(1, count + 1)]

    def _silence(self) -> float:
        return min(secrets.choice(_SILENCE), self.seconds / _SHARE)


def _before(end: float, read: Callable[[int], object], turn: int) -> None:
    if time.monotonic() < end:
        read(turn)


def _pass(seconds: float, end: float, what: str) -> None:
    seconds = min(seconds, end - time.monotonic())
    if seconds > 0:
        pass_time(seconds, what)
