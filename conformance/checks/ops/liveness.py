"""OPS, continued: whoever asks whether the server is alive is told, whatever else is wrong."""

from __future__ import annotations

import threading
from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.channels.http.wire import require_alive
from conformance.forge.keys import random_key
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError, establish
from conformance.waiting import beside, gather, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.channels.sql.owner import TrailOwner
    from conformance.forge.keys import Keys
    from conformance.manners.addresses import AddressPool
    from conformance.profile.target import Target

BOUND = 5.0
"""Seconds within which liveness is told: monitors seldom wait longer."""
BEYOND = 3
"""Failures more than those that block, and requests more than those that are admitted."""
CROWD = 48
"""Requests that wait for the trail at once: more than most servers have threads."""
RECOVERY = 15.0
HELD_UP = 0.5
"""Seconds in which a request that waits for nothing would be answered."""


def is_told(answer: Answer) -> bool:
    """Tell whether an answer is that of a server that lives."""
    return answer.status == HTTPStatus.OK


@requirement("OPS-11", also_needs=(Channel.FAILURE_LIMIT,))
def test_a_blocked_address_is_told_liveness(
    wire: Wire, addresses: AddressPool, target: Target
) -> None:
    """The address was told before it failed too often, and others still are."""
    health = target.routes.health or ""
    establish(is_told(wire.get(health)), "the health route tells liveness")
    line = wire.derived(address=addresses.fresh(), meets_limits=True)
    for _ in range(target.limits.auth_failures + BEYOND):
        line.knock(random_key())
    answer = line.get(health)
    require_alive(wire.get(health))
    assert is_told(answer), f"the health route answers a blocked address {answer}"


@requirement("OPS-11", also_needs=(Channel.ADDRESS_LIMIT,))
def test_an_address_at_its_limit_is_told_liveness(
    wire: Wire, addresses: AddressPool, target: Target
) -> None:
    """It asks for nothing but liveness, as a busy monitor does, more often than it may ask."""
    health = target.routes.health or ""
    line = wire.derived(address=addresses.fresh(), meets_limits=True)
    establish(is_told(line.get(health)), "the health route tells liveness")
    for _ in range(target.limits.address_requests + BEYOND):
        answer = line.get(health)
        if not is_told(answer):
            require_alive(wire.get(health))
            raise AssertionError(f"the health route answers an address at its limit {answer}")


@requirement("OPS-11-b")
def test_liveness_is_told_while_requests_wait_for_storage(
    wire: Wire, keys: Keys, owner: TrailOwner, target: Target
) -> None:
    """The trail is held as a stuck disk would hold it, and many calls wait for it meanwhile."""
    health = target.routes.health or ""
    line = wire.derived(seconds=BOUND)
    establish(is_told(line.get(health)), "the health route tells liveness")
    establish(line.call_ping(key=keys.active).succeeded, "a call works while the trail does")
    held, ended = threading.Event(), threading.Event()
    patient = wire.derived(may_be_silent=True, seconds=RECOVERY)

    def call(turn: int) -> None:
        del turn
        patient.call_ping(key=keys.active)
        ended.set()

    def crowd(is_over: Callable[[], bool]) -> None:
        if wait_for(held.is_set, RECOVERY) and not is_over():
            gather(call, range(CROWD), at_once=CROWD)

    with beside(crowd, "calls that wait for the trail", 2 * RECOVERY), owner.holding():
        held.set()
        is_quick = wait_for(ended.is_set, HELD_UP)
        answer = line.get(health)
    recovered = wait_for(lambda: line.call_ping(key=keys.active).succeeded, RECOVERY, pause=0.2)
    establish(recovered, "calls work again once the trail does")
    if is_quick:
        raise NotApplicableError("no call waits for the trail")
    assert is_told(answer), f"while calls wait for the trail, the health route answers {answer}"
