"""Entry point: ``locust -f load/locustfile.py --headless``; see README."""

from __future__ import annotations

from load.hooks import Run
from load.users.greedy import GreedyUser
from load.users.session import SessionUser
from load.users.stateless import StatelessUser

__all__ = ["GreedyUser", "SessionUser", "StatelessUser"]

Run().register()
