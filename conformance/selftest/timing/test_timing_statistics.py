"""The decision rule, against scipy's own tests and on data whose truth is known."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
import scipy  # pyright: ignore[reportMissingTypeStubs] -- which imports its parts at first use

from conformance.timing.boundary import boundary
from conformance.timing.statistics import (
    LOOKS,
    SHIFT_STRATUM,
    TAIL_STRATUM,
    Rule,
    histogram,
    midranks,
    shift_interval,
    shift_score,
)
from conformance.timing.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SCIPY = cast("Any", scipy)
RUNS = 40


def times(seed: int, blocks: int, classes: int = 2) -> NDArray[np.int64]:
    """Answers of about 2 ms: a drift, skewed noise, and one in twenty much later."""
    chance = np.random.default_rng(seed)
    drift = np.cumsum(chance.normal(0, 3e3, blocks))[:, np.newaxis]
    noise = chance.gamma(2, 85e3, (blocks, classes))
    late = (chance.random((blocks, classes)) < 0.05) * chance.exponential(1e6, (blocks, classes))
    return (2.1e6 + drift + noise + late).astype(np.int64)


def decide(seed: int, plant: Callable[[NDArray[np.int64]], None], classes: int = 2) -> Outcome:
    """Look as often as the rule does, until it decides."""
    rule, found = Rule(), times(seed, 4000, classes)
    plant(found)
    outcome = Outcome.UNDECIDED
    for blocks in rule.looks:
        if outcome is not Outcome.UNDECIDED or blocks > len(found):
            break
        outcome = rule.look(found[:blocks], [str(i) for i in range(classes)]).outcome
    return outcome


def outcomes(plant: Callable[[NDArray[np.int64]], None], classes: int = 2) -> Counter[Outcome]:
    return Counter(decide(seed, plant, classes) for seed in range(RUNS))


def shifted(microseconds: float) -> Callable[[NDArray[np.int64]], None]:
    def plant(found: NDArray[np.int64]) -> None:
        found[:, 0] += round(microseconds * 1e3)

    return plant


def one_in_ten_later(microseconds: float) -> Callable[[NDArray[np.int64]], None]:
    def plant(found: NDArray[np.int64]) -> None:
        found[::10, 0] += round(microseconds * 1e3)

    return plant


def test_ranks_are_scipys_ties_included() -> None:
    rows = np.random.default_rng(1).integers(0, 12, (40, 50)).astype(np.float64)
    assert np.array_equal(midranks(rows), SCIPY.stats.rankdata(rows, axis=1))


def test_the_score_of_no_shift_is_normal() -> None:
    """Drift and late answers included: the thresholds are those of a normal score."""
    found = [times(seed, 500) for seed in range(400)]
    scores = [shift_score(one[:, 0], one[:, 1], 0) for one in found]
    assert SCIPY.stats.kstest(scores, "norm").pvalue > 0.01
    assert max(scores) < Rule().shift_threshold(1)


@pytest.mark.parametrize("microseconds", [20, 40, -40])
def test_a_shift_shows_more_clearly_than_to_wilcoxon(microseconds: float) -> None:
    """On times that crowd at the fast end, as answers do."""
    ours, theirs = list[float](), list[float]()
    for seed in range(40):
        found = times(seed, 500)
        shifted(microseconds)(found)
        a, b = found[:, 0], found[:, 1]
        ours.append(shift_score(a, b, 0))
        known = SCIPY.stats.wilcoxon(a - b, alternative="greater")
        theirs.append(SCIPY.stats.norm.isf(known.pvalue))
    assert np.mean(ours) / np.mean(theirs) > 1.3


def test_the_interval_holds_the_shift_and_ends_where_the_score_does() -> None:
    found = times(3, 1000)
    shifted(80)(found)
    a, b = found[:, 0], found[:, 1]
    shift = shift_interval(a, b, 3.0)
    assert shift.low < 80 < shift.high
    assert shift.low < shift.effect < shift.high
    assert shift_score(a, b, shift.low * 1e3) == pytest.approx(3.0, abs=0.05)
    assert shift_score(a, b, shift.high * 1e3) == pytest.approx(-3.0, abs=0.05)


def test_equal_times_have_no_shift() -> None:
    same = np.full(SHIFT_STRATUM * 4, 2_000_000)
    assert shift_score(same, same, 0) == 0
    assert abs(shift_interval(same, same, 3.0).effect) <= 0.1


@pytest.mark.slow
@pytest.mark.parametrize("classes", [2, 3])
def test_without_a_leak_nothing_is_accused_and_all_pass(classes: int) -> None:
    assert outcomes(shifted(0), classes) == {Outcome.SAME: RUNS}


def test_a_leak_of_100_microseconds_is_found() -> None:
    assert outcomes(shifted(100)) == {Outcome.LEAK: RUNS}


def test_a_leak_of_50_microseconds_is_found() -> None:
    assert outcomes(shifted(50))[Outcome.LEAK] >= 0.95 * RUNS


def test_the_faster_side_is_accused_as_well() -> None:
    assert outcomes(shifted(-100)) == {Outcome.LEAK: RUNS}


@pytest.mark.slow
def test_one_request_in_ten_a_millisecond_later_never_passes() -> None:
    found = outcomes(one_in_ten_later(1000))
    assert found[Outcome.SAME] == 0
    assert found[Outcome.LEAK] >= 0.95 * RUNS


def test_a_shift_of_exactly_the_tolerance_is_not_accused() -> None:
    assert outcomes(shifted(25))[Outcome.LEAK] <= 0.02 * RUNS


def test_a_shift_of_exactly_the_wide_tolerance_does_not_pass() -> None:
    assert outcomes(shifted(50))[Outcome.SAME] <= 0.04 * RUNS


def test_noise_without_enough_samples_stays_undecided() -> None:
    chance = np.random.default_rng(5)
    found = chance.normal(2e6, 6e5, (250, 2)).astype(np.int64)
    look = Rule().look(found, ["a", "b"])
    assert look.outcome is Outcome.UNDECIDED
    assert look.pairs[0].enough > 250


def test_the_estimate_of_what_is_missing_comes_true() -> None:
    rule, chance = Rule(), np.random.default_rng(11)
    found = chance.normal(2e6, 3e5, (10_000, 2)).astype(np.int64)
    enough = rule.look(found[:500], ["a", "b"]).pairs[0].enough
    blocks = 2 * enough // TAIL_STRATUM * TAIL_STRATUM
    assert enough > 500
    assert rule.look(found[:blocks], ["a", "b"]).outcome is Outcome.SAME


def test_each_pair_is_judged_and_the_leaking_ones_are_named() -> None:
    found = times(2, 1000, 3)
    shifted(300)(found)
    look = Rule().look(found, ["slow", "b", "c"])
    leaking = {(p.first, p.second) for p in look.pairs if p.outcome is Outcome.LEAK}
    assert leaking == {("slow", "b"), ("slow", "c")}
    assert look.worst.first == "slow"


@pytest.mark.parametrize("shape", [(0, 2), (260, 2), (250, 1), (250, 3)])
def test_samples_that_cannot_be_judged_are_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"blocks|columns"):
        Rule().look(np.ones(shape, dtype=np.int64), ["a", "b"])


def test_a_histogram_leaves_nothing_out() -> None:
    found = times(4, 500)
    drawn = histogram(found, ["a", "b"])
    assert {name: sum(counts) for name, counts in drawn.counts.items()} == {"a": 500, "b": 500}


@pytest.mark.parametrize(
    ("looks", "two_sided", "published"),
    [(3, 0.05, 2.289), (5, 0.05, 2.413), (10, 0.05, 2.555), (5, 0.01, 2.986), (10, 0.01, 3.117)],
)
def test_the_boundary_of_evenly_spaced_looks_is_pococks(
    looks: int, two_sided: float, published: float
) -> None:
    """The table's constants, two-sided: to cross both ways in one run hardly ever happens."""
    found = boundary(two_sided / 2, tuple(range(1, looks + 1)))
    assert found == pytest.approx(published, abs=1e-3)


def test_looks_too_close_for_the_boundary_are_refused() -> None:
    with pytest.raises(ValueError, match="too close"):
        boundary(0.01, (1000, 1010))


@pytest.mark.parametrize("alpha", [0.01, 0.005])
def test_a_score_crosses_the_boundary_of_our_looks_as_often_as_it_says(alpha: float) -> None:
    runs = 200_000
    chance = np.random.default_rng(1)
    added = np.diff((0, *LOOKS))
    sums = np.cumsum(chance.normal(size=(runs, len(LOOKS))) * np.sqrt(added), axis=1)
    highest = (sums / np.sqrt(LOOKS)).max(axis=1)
    crossed = int(np.sum(highest > boundary(alpha, LOOKS)))
    assert SCIPY.stats.binomtest(crossed, runs, alpha).pvalue > 0.01


def test_more_looks_and_pairs_cost_a_stricter_threshold() -> None:
    few, many = Rule(looks=(250,)), Rule()
    assert many.shift_threshold(1) > few.shift_threshold(1)
    assert many.shift_threshold(3) > many.shift_threshold(1)
    assert many.tail_threshold(1) > many.shift_threshold(1)


def test_each_class_can_be_compared_with_the_first_alone() -> None:
    times = np.random.default_rng(7).integers(700_000, 720_000, (250, 3))
    pairs = Rule(against_first=True).look(times, ("random", "revoked", "expired")).pairs
    assert [(pair.first, pair.second) for pair in pairs] == [
        ("random", "revoked"),
        ("random", "expired"),
    ]
