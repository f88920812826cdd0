"""RATE, continued: a limit that all worker processes share."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from conformance.analysis.figures import draw_admissions
from conformance.channels.http.exhaustion import admitted, are_counted, require_one_window
from conformance.channels.programs.launch import ask_any_worker
from conformance.requirement import requirement
from conformance.verdicts import establish
from conformance.waiting import gather

if TYPE_CHECKING:
    from conformance.channels.http.admin import Administrator
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.exhaustion import Exhaustion
    from conformance.channels.http.wire import Wire
    from conformance.channels.programs.launch import Launched
    from conformance.manners.addresses import AddressPool
    from conformance.profile.target import Target

AT_ONCE = 8
BEYOND = 40
"""Requests over the limit: a worker that counts for itself would let them in."""


@requirement("RATE-11")
def test_workers_share_the_limit_of_an_address(
    several: Launched,
    exhaustion: Exhaustion,
    wire: Wire,
    administrator: Administrator,
    addresses: AddressPool,
    target: Target,
) -> None:
    """More than the limit at once, each on a connection of its own: the limit is admitted."""
    limit, key = target.limits.address_requests, administrator.mint()
    window, workers = target.limits.address_window_seconds, wire.at(several.url(wire.path))

    def race() -> list[Answer]:
        line = workers.derived(address=addresses.fresh())
        return gather(partial(ask_any_worker, line), [key] * (limit + BEYOND), at_once=AT_ONCE)

    answers = exhaustion.measured(race, limit, window)[-1]
    draw_admissions(wire.transcript, answers, limit, window)
    establish(are_counted(answers), "the key works until the limit")
    require_one_window(answers, window)
    count = admitted(answers)
    assert count == limit, (
        f"the workers admitted {count} of {len(answers)} requests, where {limit} may be"
    )
