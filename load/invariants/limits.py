"""No address is admitted more often than the target declares."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from http import HTTPStatus
from typing import TYPE_CHECKING

from load.invariants.ruling import Ruling

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.profile.target import DeclaredLimits
    from load.ledger import Observation

LIMIT = "no address is admitted beyond its limit"
CLOCK_MARGIN = 0.25
"""Seconds by which a window is judged shorter: two clocks do not run quite alike."""


def limit_holds(observations: Sequence[Observation], limits: DeclaredLimits) -> Ruling:
    """Rule on how many requests of one address were admitted within any window."""
    admitted: defaultdict[str, list[Observation]] = defaultdict(list)
    tried: defaultdict[str, list[Observation]] = defaultdict(list)
    for one in observations:
        if one.address is not None and one.is_answered:
            tried[one.address].append(one)
            if one.status < HTTPStatus.BAD_REQUEST:
                admitted[one.address].append(one)
    limit, seconds = limits.address_requests, limits.address_window_seconds
    peaks = {where: peak(found, seconds) for where, found in admitted.items()}
    faults = [
        f"{count} requests of {where} were admitted within {seconds} s, {limit} are declared"
        for where, count in peaks.items()
        if count > limit
    ]
    if faults:
        return Ruling.failed(LIMIT, faults)
    pressed = [where for where, found in tried.items() if peak(found, seconds) > limit]
    if not pressed:
        reason = f"no address tried more than {limit} requests in {seconds} s"
        return Ruling.unseen(LIMIT, f"{reason}; it takes a longer run, on loopback")
    most = max(peaks.get(where, 0) for where in pressed)
    tries = sum(len(tried[where]) for where in pressed)
    return Ruling.passed(
        LIMIT,
        f"{len(pressed)} of {len(tried)} addresses tried {tries} requests; "
        f"at most {most} of {limit} in {seconds} s were admitted",
    )


def peak(observations: Iterable[Observation], seconds: float) -> int:
    """Return the most requests that certainly fell into one window of ``seconds``.

    A request was counted some time between sending and answer, so only those that lie wholly
    in a window count: a slow network cannot make a right server look wrong.
    """
    ordered = sorted(observations, key=lambda one: one.sent)
    span = seconds - CLOCK_MARGIN
    starts = [one.sent for one in ordered]
    most = 0
    for first, start in enumerate(starts):
        end = start + span
        last = bisect_left(starts, end)
        most = max(most, sum(one.received < end for one in ordered[first:last]))
    return most
