"""Keeps users within the declared limits by counting, and tells them how long to wait."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.profile.target import DeclaredLimits

SHARE = 0.9
"""The part of a limit that is planned with: a request is counted where it arrives, not here."""


@dataclass
class Window:
    """The requests planned for one subject, in order of time."""

    limit: int
    seconds: float
    times: list[float] = field(default_factory=list[float])

    def earliest(self, now: float) -> float:
        """Return the earliest time from ``now`` on at which one more request fits."""
        if len(self.times) < self.limit:
            return now
        return max(now, self.times[-self.limit] + self.seconds)

    def plan(self, time: float) -> None:
        """Count a request at ``time``; what no later plan can need is forgotten.

        A request of another subject may have been put off further: times do not come in order.
        """
        insort(self.times, time)
        del self.times[: -self.limit]


class Pace:
    """Plans the requests of all users that stay within the limits.

    ``reserved`` is what users beyond their address limit can take of each tenant's budget.
    """

    def __init__(self, limits: DeclaredLimits, reserved: int, clock: Callable[[], float]) -> None:
        self._limits, self._clock = limits, clock
        self._reserved = reserved
        self._addresses: dict[str | None, Window] = {}
        self._tenants: dict[str, Window] = {}

    def delay(self, address: str | None, tenant: str) -> float:
        """Plan one request and return the seconds to wait before it may be sent."""
        limits, now = self._limits, self._clock()
        windows = (
            self._addresses.setdefault(
                address,
                _window(limits.address_requests, limits.address_window_seconds),
            ),
            self._tenants.setdefault(
                tenant,
                _window(limits.tenant_requests - self._reserved, limits.tenant_window_seconds),
            ),
        )
        when = max(window.earliest(now) for window in windows)
        for window in windows:
            window.plan(when)
        return when - now


def _window(requests: int, seconds: float) -> Window:
    return Window(max(1, int(requests * SHARE)), seconds)
