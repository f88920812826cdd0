"""Whether times can bear a pass: what speaks against it in the samples, and a planted difference.

Equal times show no leak where something rounds them up. When a process has to wait for the tick of
the scheduler, all answers end at one, and a leak shorter than what is left of the tick is swallowed
(a server of two processes, leaks of up to 494 µs). So a pass takes more than equality: answers that
do not keep to a tick, no faster bunch that most of them are kept from, and a delay of the judge's
own that shows. The plant goes before the send, so it shows what becomes of a difference on its way
back through the same processes, but not that every part of the server would pass one on; and all
planted requests are delayed, so nothing is shown of rare delays.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from conformance.timing.boundary import boundary
from conformance.timing.statistics import TAIL_STRATUM, shift_interval
from conformance.timing.verdict import Planted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from conformance.timing.sampling import Sampler

    Times = NDArray[np.int64]

TICKS = (10.0, 4.0, 10 / 3, 1.0)
"""Milliseconds between two ticks of a scheduler, as systems are built: 100, 250, 300, 1000 Hz."""
PLANT_LOOKS = (
    100, 150, 200, 300, 400, 600, 800, 1200, 1600, 2400, 3200, 4800, 6400, 9600, 12_800
)  # fmt: skip
"""Blocks at which it is looked whether the plant shows."""
PLANT_ALPHA = 0.05
"""The chance that a plant of which exactly half shows is taken for one of which more does: where
none of it shows, as at a tick, it is far smaller."""
REST, REST_SHARE = 500_000, 0.25
"""Before each request of a plant the target is left alone for so many nanoseconds, or for this
share of a median. Servers go on working after an answer: a delay that falls into that work is lost
there, though a leak, which comes later, would show. At a tick a delay is swallowed all the same."""
_KEEPS = 0.5
"""How far phases may gather around a tick: 0 is not at all, and 1 all answers at one phase."""
_FASTER = (0.05, 0.5)
"""The shares that a faster bunch is to have: were it most answers, the rank test would go by it."""
_BETWEEN = 0.01
"""The share that may lie between two bunches."""
_VALLEY = 0.5
"""The distance of two bunches, in medians."""


def objection(times: Times, ends: Times) -> str:
    """Say why equality of these times would show nothing; an empty text where nothing says so.

    ``ends`` are when the answers came, in nanoseconds of one clock.
    """
    for tick in TICKS:
        if gathering(ends, tick * 1e6) > _KEEPS:
            return (
                f"most answers come at a tick of {tick:.3g} ms, as when a process waits for the"
                " scheduler, and it swallows shorter differences; end what else keeps the"
                " processor busy, or give the server more of it"
            )
    if has_faster_bunch(times):
        return (
            "the answers come in bunches far apart, and fewer than half are in the fastest: most"
            " wait for something in which a difference could hide; end what else keeps the"
            " processor busy, or give the server more of it"
        )
    return ""


def gathering(ends: Times, tick: float) -> float:
    """Return how far moments keep to one phase of a tick, both in nanoseconds, from 0 to 1."""
    phases = np.remainder(ends - ends.min(), tick) / tick
    return float(abs(np.exp(2j * np.pi * phases).mean()))


def has_faster_bunch(times: Times) -> bool:
    """Tell whether in most strata a minority of answers is much faster than all the others."""
    size = TAIL_STRATUM * times.shape[1]
    strata = np.sort(times[: len(times) - len(times) % TAIL_STRATUM].reshape(-1, size))
    first, last = (round(share * size) for share in _FASTER)
    between = round(_BETWEEN * size) + 1
    gaps = strata[:, first + between : last + between] - strata[:, first:last]
    far = _VALLEY * np.median(strata, axis=1)
    return float((gaps.max(axis=1) > far).mean()) > 0.5  # noqa: PLR2004 -- most


def plant(sampler: Sampler, microseconds: float, seconds: float) -> Planted | None:
    """Return how a delay planted before the send shows, and None where there was no time to see.

    It stops when it is seen whether half of it shows, or after so many seconds.
    Raises ExchangeError.
    """
    deadline, z = time.monotonic() + seconds, boundary(PLANT_ALPHA, PLANT_LOOKS)
    median = float(np.median(sampler.times)) if sampler.times.size else 0.0
    rest = max(REST, round(REST_SHARE * median))
    first = replace(sampler.probes[0], rest=rest)
    both = sampler.another(first, replace(first, name="planted", delay=round(microseconds * 1e3)))
    found = None
    for wanted in PLANT_LOOKS:
        got = both.collect(wanted, deadline)
        if got < wanted:
            break
        times = both.times
        found = Planted(microseconds, shift_interval(times[:, 1], times[:, 0], z))
        if found.shows or found.is_swallowed:
            break
    return found
