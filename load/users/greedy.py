"""Clients that go beyond their address limit, many requests at once, to see it hold."""

from __future__ import annotations

from typing import Any

import gevent
from locust import constant_pacing, task

from load.ledger import Conduct
from load.users.caller import CONNECTIONS, SECONDS, Caller

PAUSE = 0.5
"""Seconds from burst to burst."""
BURSTS = 10
"""After so many bursts the address limit is spent."""

BURST_SECONDS = 4 * SECONDS
"""The longest a whole burst may take: each of its calls has ``SECONDS`` of its own."""


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
        if self.seat.conduct is Conduct.WITHIN:  # waits for its turn as others do, however long
            self.call_tool(self.next_call())
            return
        size = -(-self.world.setting.target.limits.address_requests // BURSTS)
        calls = [self.next_call() for _ in range(min(size, CONNECTIONS))]
        started: list[Any] = [gevent.spawn(self.call_tool, call) for call in calls]
        try:
            ended: list[Any] = gevent.joinall(started, BURST_SECONDS, raise_error=True)
            if len(ended) < len(started):
                raise TimeoutError(
                    f"{len(started) - len(ended)} of {len(started)} calls at once had not ended "
                    f"after {BURST_SECONDS:.0f} s"
                )
        finally:
            gevent.killall(started, timeout=SECONDS)  # who is stopped leaves nothing at work
