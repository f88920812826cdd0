"""The decision rule: a group-sequential, stratified rank test for a shift, and one for the tail.

Each look at the samples is three-way: a difference beyond the tolerance is shown, its absence is
shown, or neither. Rank tests are made in strata of neighbouring blocks, so that a slow drift of the
machine cancels; nothing is cropped or dropped. The notes on timing hold the measurements behind
most constants.

The shift is tested on the logarithms of ranks. Whatever disturbs a request delays it, so times
crowd at the fast end, and that is where a shift shows first; the slow end is the tail test's. On
the reference server, two requests of one kind compared, that takes less than half of the samples
that plain ranks in strata of 25 take (standard error of one block beside a busy machine, from 2,000
and from 4,000 blocks: 604 and 776 µs against 1,018 and 1,191).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from conformance.timing.boundary import boundary
from conformance.timing.verdict import Histogram, Look, Outcome, Pair, Shift, Tail, Tolerance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Times = NDArray[np.int64]
    Reals = NDArray[np.float64]

SHIFT_STRATUM = 10
TAIL_STRATUM = 50
LOOKS = (
    *range(250, 1000, TAIL_STRATUM),
    *(1000, 1200, 1400, 1700, 2000, 2400, 2800, 3400, 4000, 4800, 5600, 6800, 8000, 10_000),
)
"""Blocks at which the samples are looked at. Each look has its price in the thresholds; it is low,
since what is looked at is nearly the same, and to stop at one of many saves more: against eleven
looks an eighth of the samples where there is a leak, and a sixth where there is none."""
QUANTILES = (0.5, 0.75, 0.9, 0.95)
ALPHA = 0.01
"""The chance, over all looks and pairs, of a false accusation, and of a false all-clear."""
_SHIFT_SHARE = 0.8
"""The shift's share of the chance of a false accusation. The tail has the rest: its eight
comparisons hang together, which a threshold for eight strangers overpays already."""
_RESOLUTION = 100.0
"""Nanoseconds within which the ends of an interval are sought."""
_BINS = 60


@dataclass(frozen=True)
class Rule:
    """The tolerance, and the thresholds that follow from how often it is looked and at what.

    ``against_first`` compares each class with the first alone: where that is the one that a secret
    has nothing to do with, differences among the others show in theirs from it.
    """

    tolerance: Tolerance = field(default_factory=Tolerance)
    looks: tuple[int, ...] = LOOKS
    against_first: bool = False

    def shift_threshold(self, pairs: int) -> float:
        """Return the score above which a shift beyond the tolerance is shown."""
        return boundary(ALPHA * _SHIFT_SHARE / pairs, self.looks)

    def tail_threshold(self, pairs: int) -> float:
        """Return the score above which a heavier tail is shown."""
        tests = 2 * pairs * len(QUANTILES)
        return boundary(ALPHA * (1 - _SHIFT_SHARE) / tests, self.looks)

    @property
    def pass_threshold(self) -> float:
        """The score below minus which the absence of a difference is shown.

        All pairs must show it at one look, so only the looks have to be paid for.
        """
        return boundary(ALPHA, self.looks)

    def look(self, times: Times, names: Sequence[str]) -> Look:
        """Judge the samples: nanoseconds, a row a block, a column a class.

        Raises ValueError unless there are two classes and the blocks fill whole strata.
        """
        blocks, classes = times.shape
        if classes != len(names) or classes < 2:  # noqa: PLR2004 -- a pair
            raise ValueError(f"{classes} columns of times for {len(names)} classes")
        if not blocks or blocks % TAIL_STRATUM:
            raise ValueError(f"{blocks} blocks do not fill strata of {TAIL_STRATUM}")
        tolerated = self.tolerance.at(float(np.median(times)) / 1e3)
        chosen = [
            pair
            for pair in itertools.combinations(range(classes), 2)
            if 0 in pair or not self.against_first
        ]
        cuts = local_quantiles(times)
        pairs = tuple(
            self._compare(times[:, [i, j]], (names[i], names[j]), cuts, tolerated, len(chosen))
            for i, j in chosen
        )
        return Look(blocks, tolerated, tolerated * self.tolerance.slack, _together(pairs), pairs)

    def _compare(
        self, two: Times, names: tuple[str, str], cuts: Reals, tolerated: float, pairs: int
    ) -> Pair:
        a, b = two[:, 0], two[:, 1]
        wide = tolerated * self.tolerance.slack
        shift = shift_interval(a, b, self.pass_threshold)
        tails = _both_tails(a, b, cuts, tolerated * 1e3, names)
        wider_tails = _both_tails(a, b, cuts, wide * 1e3, names)
        if self._accuses(a, b, tolerated * 1e3, tails, pairs):
            outcome = Outcome.LEAK
        elif -wide < shift.low and shift.high < wide and self._clears(wider_tails):
            outcome = Outcome.SAME
        else:
            outcome = Outcome.UNDECIDED
        share = self.tolerance.tail_share
        worst = max(tails, key=lambda tail: (tail.excess - share) / tail.error)
        enough = self._enough(len(a), shift, wider_tails, wide)
        if outcome is Outcome.UNDECIDED:
            # Where chance has put the estimate off zero, more is needed than equality would take.
            enough = max(enough, len(a) + len(a) // 4)
        return Pair(*names, outcome, shift, worst, enough)

    def _accuses(self, a: Times, b: Times, tau: float, tails: list[Tail], pairs: int) -> bool:
        score = max(shift_score(a, b, tau), shift_score(b, a, tau))
        share = self.tolerance.tail_share
        beyond = max((tail.excess - share) / tail.error for tail in tails)
        return score > self.shift_threshold(pairs) or beyond > self.tail_threshold(pairs)

    def _clears(self, tails: list[Tail]) -> bool:
        share = self.tolerance.tail_share * self.tolerance.slack
        return all((tail.excess - share) / tail.error < -self.pass_threshold for tail in tails)

    def _enough(self, blocks: int, shift: Shift, tails: list[Tail], wide: float) -> int:
        """Estimate the blocks that would show equality, if there is no shift at all.

        Plugging in the estimated shift instead overshoots badly.
        """
        ratios = [(shift.high - shift.low) / 2 / wide]
        for tail in tails:
            room = self.tolerance.tail_share * self.tolerance.slack - min(tail.excess, 0)
            ratios.append(self.pass_threshold * tail.error / room)
        return math.ceil(blocks * max(ratios) ** 2)


def shift_score(a: Times, b: Times, theta: float) -> float:
    """Return the score of ``a - theta`` being slower than ``b``, about normal where it is not."""
    rows_a = (a.astype(np.float64) - theta).reshape(-1, SHIFT_STRATUM)
    rows_b = b.astype(np.float64).reshape(-1, SHIFT_STRATUM)
    scores = np.log(midranks(np.concatenate((rows_a, rows_b), axis=1)) - 0.5)
    differences = scores[:, :SHIFT_STRATUM] - scores[:, SHIFT_STRATUM:]
    spread = math.sqrt(float(np.square(differences).sum()))
    return float(differences.sum()) / spread if spread else 0.0


def shift_interval(a: Times, b: Times, z: float) -> Shift:
    """Return by how much ``a`` is slower than ``b``, in µs, with the interval of score ``z``."""
    return Shift(*(_where_score_is(a, b, level) / 1e3 for level in (0.0, z, -z)))


def _where_score_is(a: Times, b: Times, level: float) -> float:
    """Return the shift, in nanoseconds, at which the falling score passes a level."""
    widest = float(max(a.max(), b.max()) - min(a.min(), b.min())) + 1
    low = high = float(np.median(a) - np.median(b))
    step = 1000.0
    while shift_score(a, b, low) <= level and low > -widest:
        low, step = max(-widest, low - step), step * 2
    step = 1000.0
    while shift_score(a, b, high) > level and high < widest:
        high, step = min(widest, high + step), step * 2
    while high - low > _RESOLUTION:
        middle = (low + high) / 2
        if shift_score(a, b, middle) > level:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def midranks(rows: Reals) -> Reals:
    """Return the ranks within each row, from 1; equal values share the mean of their ranks."""
    order = np.argsort(rows, axis=1, kind="stable")
    ordered = np.take_along_axis(rows, order, axis=1)
    places = np.broadcast_to(np.arange(rows.shape[1], dtype=np.int64), rows.shape)
    edge = np.ones((len(rows), 1), dtype=bool)
    differs = ordered[:, 1:] != ordered[:, :-1]
    first = np.maximum.accumulate(np.where(np.hstack((edge, differs)), places, 0), axis=1)
    ends = np.where(np.hstack((differs, edge)), places, rows.shape[1])
    last = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
    ranks = np.empty(rows.shape)
    np.put_along_axis(ranks, order, (first + last) / 2 + 1, axis=1)
    return ranks


def local_quantiles(times: Times) -> Reals:
    """Return the quantiles of all classes together: a row a quantile, a column a stratum.

    They are local because thresholds frozen at the first look let a drift pass as equality.
    """
    strata = times.reshape(-1, TAIL_STRATUM * times.shape[1])
    return np.quantile(strata, QUANTILES, axis=1)


def tail_excesses(a: Times, b: Times, cuts: Reals, tau: float, slower: str) -> list[Tail]:
    """Return how much oftener ``a`` exceeds each quantile by ``tau`` than ``b`` exceeds it."""
    rows_a, rows_b = a.reshape(-1, TAIL_STRATUM), b.reshape(-1, TAIL_STRATUM)
    found: list[Tail] = []
    for quantile, cut in zip(QUANTILES, cuts, strict=True):
        limit = cut[:, np.newaxis]
        more = (rows_a > limit + tau).astype(np.int8) - (rows_b > limit).astype(np.int8)
        error = math.sqrt(max(float(more.var(ddof=1)), 1 / more.size) / more.size)
        found.append(Tail(slower, quantile, float(more.mean()), error))
    return found


def _both_tails(a: Times, b: Times, cuts: Reals, tau: float, names: tuple[str, str]) -> list[Tail]:
    return [
        *tail_excesses(a, b, cuts, tau, names[0]),
        *tail_excesses(b, a, cuts, tau, names[1]),
    ]


def medians(times: Times, names: Sequence[str]) -> dict[str, float]:
    """Return the median of each class in microseconds."""
    return {name: float(np.median(times[:, i])) / 1e3 for i, name in enumerate(names)}


def histogram(times: Times, names: Sequence[str]) -> Histogram:
    """Return the counts of each class; the slowest hundredth shares the last bin."""
    start, stop = (float(x) / 1e3 for x in np.quantile(times, (0.0, 0.99)))
    width = max((stop - start) / _BINS, 0.1)
    places = np.clip((times / 1e3 - start) // width, 0, _BINS - 1).astype(np.int64)
    counts = {
        name: tuple(int(n) for n in np.bincount(places[:, i], minlength=_BINS))
        for i, name in enumerate(names)
    }
    return Histogram(round(start, 1), round(width, 2), counts)


def _together(pairs: tuple[Pair, ...]) -> Outcome:
    found = {pair.outcome for pair in pairs}
    if Outcome.LEAK in found:
        return Outcome.LEAK
    return Outcome.SAME if found == {Outcome.SAME} else Outcome.UNDECIDED
