"""Waits of users. In a process of its own: Locust changes the one that imports it."""

from __future__ import annotations

import subprocess
import sys

SECONDS = 60
BURST = """
import locust, gevent
from types import SimpleNamespace as Some
from load.ledger import Conduct
from load.users import greedy

greedy.BURST_SECONDS = 0.2
limits = Some(address_requests=40)
setting = Some(target=Some(limits=limits))
user = Some(
    seat=Some(conduct=Conduct.BEYOND),
    world=Some(setting=setting),
    next_call=lambda: None,
    call_tool=lambda _: gevent.sleep(600),
)
try:
    greedy.GreedyUser.burst(user)
except TimeoutError as error:
    print(error)
def die(_):
    raise LookupError("a call died")
user.call_tool = die
try:
    greedy.GreedyUser.burst(user)
except LookupError as error:
    print(error)
"""
TURN = """
import locust
from types import SimpleNamespace as Some
from gevent.event import Event
from load.ledger import Conduct
from load.users.caller import Caller

pace = Some(delay=lambda *_: 0.2)
user = Some(
    seat=Some(conduct=Conduct.WITHIN, address=None, tenant="a"),
    world=Some(pace=pace, stopping=Event()),
)
Caller._await_turn(user)
print("its turn")
"""


def said(program: str) -> str:
    """Run a program; return what it said, and all of it that went wrong."""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    return done.stdout or done.stderr


def test_a_burst_ends_though_its_calls_do_not() -> None:
    assert said(BURST).splitlines() == [
        "4 of 4 calls at once had not ended after 0 s",
        "a call died",
    ]


def test_a_user_waits_for_its_turn_as_long_as_planned() -> None:
    assert said(TURN) == "its turn\n"
