"""RATE, continued: a limit that all worker processes share."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from conformance.analysis.figures import draw_admissions
from conformance.channels.http.exhaustion import LIMITED, are_counted, require_one_window
from conformance.channels.programs.launch import ask_any_worker
from conformance.requirement import requirement
from conformance.verdicts import establish
from conformance.waiting import gather

if TYPE_CHECKING:
    from conformance.channels.http.admin import Administrator
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
    wire: Wire,
    administrator: Administrator,
    addresses: AddressPool,
    target: Target,
) -> None:
    """More than the limit at once, each on a connection of its own: the limit is admitted."""
    limit, key = target.limits.address_requests, administrator.mint()
    line = wire.at(several.url(wire.path)).derived(address=addresses.fresh())
    answers = gather(partial(ask_any_worker, line), [key] * (limit + BEYOND), at_once=AT_ONCE)
    draw_admissions(wire.transcript, answers, limit, target.limits.address_window_seconds)
    establish(are_counted(answers), "the key works until the limit")
    require_one_window(answers, target.limits.address_window_seconds)
    admitted = sum(answer.status != LIMITED for answer in answers)
    assert admitted == limit, (
        f"the workers admitted {admitted} of {len(answers)} requests, where {limit} may be"
    )
