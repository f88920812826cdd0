"""Samples, looks, and stops at the first look that decides."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from conformance.timing.soundness import objection, plant
from conformance.timing.statistics import TAIL_STRATUM, Rule, histogram, medians
from conformance.timing.verdict import ALLOW_MORE, Look, Measurement, Outcome, Planted
from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.timing.sampling import Sampler


PLANT = 2.0
"""The planted delay, in widths of what a pass rules out. More than one of them must show."""


class TooFewError(NotEstablishedError):
    """Not even the first look was reached in the time there was."""


def measure(sampler: Sampler, names: Sequence[str], rule: Rule, seconds: float) -> Measurement:
    """Return what is decided within ``seconds``, or how far that is.

    When time runs out between two looks, what there is is looked at in place of the next look.
    Equality takes, besides, times that can bear a pass, and a planted delay that shows; that may
    take as long as the samples have, even beyond ``seconds``.
    The first look may take twice as long, since without it nothing can be said at all.
    Raises TooFewError when there is not enough for it even then, and ExchangeError.
    """
    started = time.monotonic()
    sampler.collect(rule.looks[0], started + 2 * seconds)
    looks: list[Look] = []
    for wanted in rule.looks:
        got = sampler.collect(wanted, started + seconds)
        usable = got - got % TAIL_STRATUM
        if usable < rule.looks[0]:
            raise TooFewError(
                f"only {got} requests of each kind were timed in {2 * seconds:.0f} s, and it takes"
                f" {rule.looks[0]} to say anything: {ALLOW_MORE}"
            )
        if not looks or usable > looks[-1].blocks:
            looks.append(rule.look(sampler.times[:usable], names))
        if got < wanted or looks[-1].outcome is not Outcome.UNDECIDED:
            break
    found, doubt = _plant(sampler, looks[-1], started, seconds)
    times = sampler.times
    return Measurement(
        looks=tuple(looks),
        medians=medians(times, names),
        histogram=histogram(times, names),
        wide_tail_share=rule.tolerance.tail_share * rule.tolerance.slack,
        seconds=time.monotonic() - started,
        reconnected=sampler.reconnects,
        objection=doubt,
        planted=found,
    )


def _plant(
    sampler: Sampler, look: Look, started: float, seconds: float
) -> tuple[Planted | None, str]:
    if look.outcome is not Outcome.SAME:
        return None, ""
    if doubt := objection(sampler.times, sampler.ends):
        return None, doubt
    took = time.monotonic() - started
    return plant(sampler, PLANT * look.wide, max(seconds - took, took)), ""
