"""Clients that go beyond their address limit, many requests at once, to see it hold."""

from __future__ import annotations

from typing import Any

import gevent
from locust import constant_pacing, task

from load.ledger import Conduct
from load.users.caller import CONNECTIONS, Caller

PAUSE = 0.5
"""Seconds from burst to burst."""
BURSTS = 10
"""After so many bursts the address limit is spent."""


class GreedyUser(Caller):
    """Sends bursts of calls; at this user, being limited is the right answer.

    Many at once, because a limiter that counts in one step and admits in another lets more
    through only then.
    """

    fixed_count = 2
    conduct = Conduct.BEYOND
    wait_time = constant_pacing(PAUSE)

    @task
    def burst(self) -> None:
        """Send one burst, and wait until all of it is answered."""
        limits = self.world.setting.target.limits
        size = 1 if self.seat.conduct is Conduct.WITHIN else -(-limits.address_requests // BURSTS)
        calls = [self.next_call() for _ in range(min(size, CONNECTIONS))]
        started: list[Any] = [gevent.spawn(self.call_tool, call) for call in calls]
        try:
            gevent.joinall(started, raise_error=True)
        finally:
            gevent.killall(started)  # a user that is stopped leaves nothing at work
