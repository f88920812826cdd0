"""No pass where a leak would not show: on simulated servers, some of which swallow one."""

from __future__ import annotations

import random
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import numpy as np
import pytest

from conformance.timing import sampling
from conformance.timing.aid import helped, raises_a_quantile
from conformance.timing.exchange import Timed
from conformance.timing.measure import measure
from conformance.timing.sampling import Plan, Probe, Sampler
from conformance.timing.soundness import gathering, has_faster_bunch, objection, plant
from conformance.timing.statistics import Rule
from conformance.timing.verdict import Measurement, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    Server = Callable[[float, float], float]
    """When it answers, from when the request came and when the work is done, in microseconds."""

PLAIN, LEAKING = Probe("plain", b"plain"), Probe("leaking", b"leaking")
LEAK = 170.0
"""Microseconds: more than twice what is ruled out around 4 ms."""
WORK = 600.0


class Simulated:
    """Connections to a simulated server; the clock is theirs, and goes on with each request."""

    def __init__(self, server: Server) -> None:
        self.server, self.now, self.slower = server, 0.0, 0.0
        self._chance = random.Random(1)  # noqa: S311 -- no secret

    def __call__(self, *_: object) -> Self:
        """Open one."""
        self.now += self._chance.uniform(100, 300)
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def ask(self, request: bytes, delay: int = 0, rest: int = 0) -> Timed:
        """Answer after the server's work, the leak, and some noise."""
        self.now += rest / 1e3
        started, self.now = self.now, self.now + delay / 1e3
        work = WORK + self._chance.expovariate(1 / 30) + LEAK * (request == LEAKING.request)
        end = (
            self.server(self.now, self.now + work) + self.slower + self._chance.expovariate(1 / 10)
        )
        self.now = end + self._chance.uniform(20, 40)
        return Timed(401, round((end - started) * 1e3), closes=False, ended=round(end * 1e3))


def prompt(came: float, done: float) -> float:
    """Answer when it is done."""
    del came
    return done


def at_ticks(milliseconds: float) -> Server:
    """Answer at the next tick of so many milliseconds."""
    tick = milliseconds * 1e3
    return lambda _, done: -(-done // tick) * tick


def busy_afterwards(microseconds: float) -> Server:
    """Go on working after each answer; a request that comes meanwhile waits."""
    free = 0.0

    def answered(came: float, done: float) -> float:
        nonlocal free
        end = max(came, free) + done - came
        free = end + microseconds
        return end

    return answered


def in_bunches(slow: float) -> Server:
    """Answer 3.7 ms after the request came in a share of requests, whatever the work takes."""
    chance = random.Random(2)  # noqa: S311 -- no secret
    return lambda came, done: max(done, came + 3700) if chance.random() < slow else done


@pytest.fixture
def simulate(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Sampler]:
    def sampler(server: Server, *probes: Probe) -> Sampler:
        monkeypatch.setattr(sampling, "Connection", Simulated(server))
        return Sampler(Plan("http://x/", probes or (PLAIN, LEAKING), b""), lambda: None)

    return sampler


def measured(sampler: Sampler) -> Measurement:
    return measure(sampler, [probe.name for probe in sampler.probes], Rule(), 20)


def test_a_prompt_server_passes_since_a_planted_delay_shows(
    simulate: Callable[..., Sampler],
) -> None:
    found = measured(simulate(prompt, PLAIN, Probe("other", b"other")))
    assert found.outcome is Outcome.SAME
    assert found.planted
    assert found.planted.microseconds == 2 * found.last.wide
    assert found.planted.shift.effect == pytest.approx(found.planted.microseconds, rel=0.2)
    assert "held back" in found.describe()


def test_what_a_server_does_after_its_answer_swallows_no_planted_delay(
    simulate: Callable[..., Sampler],
) -> None:
    """A request that comes at once waits for that work, planted delay or not."""
    found = measured(simulate(busy_afterwards(150), PLAIN, Probe("other", b"other")))
    assert found.outcome is Outcome.SAME
    assert found.planted
    assert found.planted.shift.effect == pytest.approx(found.planted.microseconds, rel=0.2)


def test_a_prompt_server_that_leaks_fails(simulate: Callable[..., Sampler]) -> None:
    assert measured(simulate(prompt)).outcome is Outcome.LEAK


@pytest.mark.parametrize("tick", [1.0, 10 / 3, 4.0, 10.0])
def test_times_that_keep_to_a_schedulers_tick_do_not_pass(
    tick: float, simulate: Callable[..., Sampler]
) -> None:
    found = measured(simulate(at_ticks(tick)))
    assert found.last.outcome is Outcome.SAME
    assert found.outcome is Outcome.UNDECIDED
    assert f"a tick of {tick:.3g} ms" in str(found)
    with pytest.raises(Exception, match="swallows shorter differences"):
        found.require_decision()


def test_a_server_that_is_to_answer_late_is_not_taken_for_one_that_waits_for_a_tick(
    simulate: Callable[..., Sampler],
) -> None:
    """It waits from each request on, so nobody sees what it does meanwhile."""
    sampler = simulate(prompt, PLAIN, Probe("other", b"other"))
    simulated = sampling.Connection
    assert isinstance(simulated, Simulated)
    simulated.slower = 9400
    assert measured(sampler).outcome is Outcome.SAME


def test_bunches_of_which_most_answers_are_in_a_slow_one_do_not_pass(
    simulate: Callable[..., Sampler],
) -> None:
    """The wait keeps to no tick, and a planted delay shows."""
    found = measured(simulate(in_bunches(slow=0.85)))
    assert found.last.outcome is Outcome.SAME
    assert found.outcome is Outcome.UNDECIDED
    assert "bunches" in str(found)


def test_a_slow_bunch_of_a_minority_hides_nothing(simulate: Callable[..., Sampler]) -> None:
    assert measured(simulate(in_bunches(slow=0.3))).outcome is Outcome.LEAK
    fair = simulate(in_bunches(slow=0.3), PLAIN, Probe("other", b"other"))
    assert measured(fair).outcome is Outcome.SAME


def test_what_swallows_a_planted_delay_does_not_pass(simulate: Callable[..., Sampler]) -> None:
    found = measured(simulate(at_ticks(2.7)))
    assert found.last.outcome is Outcome.SAME
    assert not found.objection
    assert found.planted
    assert found.planted.is_swallowed
    assert found.outcome is Outcome.UNDECIDED
    assert "so a leak of that size could go unseen as well" in str(found)
    assert found.as_data()["outcome"] == "undecided"


def test_without_time_for_a_planted_delay_nothing_passes(simulate: Callable[..., Sampler]) -> None:
    sampler = simulate(prompt, PLAIN, Probe("other", b"other"))
    assert plant(sampler, 100, seconds=0) is None
    found = measured(sampler)
    without = Measurement(
        found.looks, found.medians, found.histogram, 0.06, 1.0, reconnected=False, planted=None
    )
    assert without.outcome is Outcome.UNDECIDED
    assert "no time was left" in str(without)


def test_moments_gather_where_they_keep_to_one_phase() -> None:
    chance = np.random.default_rng(1)
    ticks = np.arange(1000) * 4_000_000
    anywhere = chance.integers(0, 4_000_000_000, 1000)
    assert gathering(ticks + chance.integers(0, 200_000, 1000), 4e6) > 0.95
    assert gathering(anywhere, 4e6) < 0.1
    assert objection(chance.integers(600_000, 700_000, (500, 2)), anywhere.reshape(500, 2)) == ""


def test_a_faster_bunch_is_one_that_lies_far_apart() -> None:
    chance = np.random.default_rng(1)
    fast = chance.random((500, 2)) < 0.3
    noise = chance.normal(0, 3e4, (500, 2))
    assert has_faster_bunch((np.where(fast, 6e5, 3.9e6) + noise).astype(np.int64))
    assert not has_faster_bunch((np.where(fast, 6e5, 9e5) + noise).astype(np.int64))
    assert not has_faster_bunch((6e5 + chance.exponential(3e6, (500, 2))).astype(np.int64))


@pytest.mark.parametrize(("slower", "is_taken"), [(0.0, True), (-50.0, True), (60.0, False)])
def test_an_aid_that_raises_a_quantile_is_not_taken(
    slower: float, simulate: Callable[..., Sampler], *, is_taken: bool
) -> None:
    sampler = simulate(prompt)
    simulated = sampling.Connection
    assert isinstance(simulated, Simulated)

    @contextmanager
    def aid() -> Generator[str | None]:
        simulated.slower = slower
        try:
            yield "helps"
        finally:
            simulated.slower = 0.0

    with helped(sampler, aid, seconds=20) as found:
        assert found == ("helps" if is_taken else None)
        assert simulated.slower == (slower if is_taken else 0)


def test_an_aid_that_cannot_be_had_or_tried_in_time_is_not_taken(
    simulate: Callable[..., Sampler],
) -> None:
    @contextmanager
    def none() -> Generator[str | None]:
        yield None

    @contextmanager
    def some() -> Generator[str | None]:
        yield "helps"

    sampler = simulate(prompt)
    with helped(sampler, none, seconds=20) as found:
        assert found is None
    with helped(sampler, some, seconds=0) as found:
        assert found is None


@pytest.mark.parametrize("quantile", [0.25, 0.5, 0.75, 0.9])
def test_each_quantile_counts(quantile: float) -> None:
    """The aid does harm above it alone, or below it."""
    chance = np.random.default_rng(3)
    plain = chance.uniform(600, 700, 120)
    aided = chance.uniform(600, 700, 120)
    limit = np.quantile(aided, quantile - 0.2)
    slowed = np.where((aided > limit) & (aided < np.quantile(aided, quantile)), 701, aided)
    assert not raises_a_quantile(plain.astype(np.int64), aided.astype(np.int64))
    assert raises_a_quantile(plain.astype(np.int64), slowed.astype(np.int64))
