"""Clients of the stateless revision: each call stands alone."""

from __future__ import annotations

from locust import between, task

from load.users.caller import Caller


class StatelessUser(Caller):
    """Calls tools in turn, about once a second, within the declared limits."""

    weight = 1
    wait_time = between(0.6, 1.4)

    @task
    def call(self) -> None:
        """Call the next tool."""
        self.call_tool(self.next_call())
