"""Lets time pass at the target: by its clock channel, or really, as far as --patience goes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from conformance.model import Channel
from conformance.verdicts import NotAssessedError
from conformance.waiting import pass_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.channels.clock import TargetClock
    from conformance.profile.target import DeclaredLimits


class Passage:
    """Time at the target."""

    def __init__(
        self, clock: TargetClock | None, patience: float, on_passing: Callable[[], None]
    ) -> None:
        """``on_passing`` is called before any time passes: what held until now may not any more."""
        self._clock, self._patience, self._on_passing = clock, patience, on_passing

    @classmethod
    def real(cls) -> Passage:
        """Return the time of a process whose clock nobody moves, where none is let pass."""
        return cls(None, 0.0, lambda: None)

    def now(self) -> float:
        """Return the time at the target, in seconds since 1970."""
        return time.time() + (self._clock.offset() if self._clock is not None else 0.0)

    def of(self, seconds: float) -> None:
        """Let ``seconds`` pass. Raises NotAssessedError when neither way is open."""
        self._on_passing()
        if self._clock is not None:
            self._clock.advance(seconds)
        elif seconds <= self._patience:
            pass_time(seconds, "letting time pass at the target")
        else:
            raise NotAssessedError(
                f"{seconds:.0f} s must pass: supply {Channel.CLOCK.supplied_by}, "
                f"or --patience={seconds:.0f}",
                Channel.CLOCK,
            )

    def of_windows(self, limits: DeclaredLimits) -> None:
        """Let what addresses and tenants have asked for leave every window."""
        self.of(max(limits.address_window_seconds, limits.tenant_window_seconds) + 1)
