"""A run does as Retry-After asks, within reason, where it met a limit by accident."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.channels.http.answer import Answer, Transport
from conformance.channels.http.transcript import Transcript
from conformance.channels.http.wire import Wire
from conformance.forge.requests import STATELESS
from conformance.manners.addresses import AddressPool
from conformance.manners.budget import Budget
from conformance.manners.courtesy import LONGEST, MOST, Courtesy
from conformance.profile.reading import from_url
from conformance.selftest.targets import KEYS, Good, serving
from conformance.text.redaction import Redactor
from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Generator

KEY = next(iter(KEYS))
NO_YEAR = "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"


class Hands:
    """A clock that waits as soon as it is told to."""

    def __init__(self) -> None:
        self.now, self.waits = 1000.0, list[float]()

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def wait(self, seconds: float, _: str) -> None:
        """Let the time pass."""
        self.waits.append(seconds)
        self.now += seconds


class Busy(Good):
    """Asks each caller to come again, as often as it is told to."""

    wait: ClassVar[str] = "7"
    times: ClassVar[list[int]] = []

    def converse(self, message: dict[str, Any]) -> None:
        """Answer only once the limits are used up."""
        if self.times:
            self.times.pop()
            self.reply(429, {"error": "rate_limit_exceeded"}, {"Retry-After": self.wait})
        else:
            super().converse(message)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def courtesy(hands: Hands) -> Courtesy:
    return Courtesy(clock=hands, wait=hands.wait)


@pytest.fixture
def line(courtesy: Courtesy) -> Generator[Wire]:
    """A line to a busy server."""
    Busy.times.clear()
    with serving(Busy) as url:
        target = from_url(url)
        budget = Budget(AddressPool(target, 0), target.limits)
        wire = Wire(target, STATELESS, budget, Transcript(Redactor({})), courtesy=courtesy)
        yield wire
        wire.close()


def limited(wait: str, status: int = 429) -> Answer:
    return Answer(Transport.ANSWERED, status, (("Retry-After", wait),))


def test_who_is_asked_to_wait_waits_and_asks_again(line: Wire, hands: Hands) -> None:
    Busy.times[:] = [1]
    assert line.knock(KEY).succeeded
    assert hands.waits == [7]


def test_a_limit_that_stays_decides_nothing_and_the_next_request_waits(
    line: Wire, hands: Hands
) -> None:
    Busy.times[:] = [1, 1]
    with pytest.raises(NotEstablishedError, match=r"declare its limits in \[limits\]"):
        line.knock(KEY)
    assert hands.waits == [7]
    assert line.knock(KEY).succeeded
    assert hands.waits == [7, 7]


def test_a_limit_that_keys_of_the_run_share_is_not_called_undeclared(line: Wire) -> None:
    line.trust(KEY)
    Busy.times[:] = [1, 1]
    with pytest.raises(NotEstablishedError, match="what other checks sent") as told:
        line.knock(KEY)
    assert "declare" not in str(told.value)


@pytest.mark.parametrize("meets_limits", [False, True])
def test_without_courtesy_a_limit_is_an_answer_to_who_looks_for_it(
    line: Wire, hands: Hands, *, meets_limits: bool
) -> None:
    Busy.times[:] = [1]
    budget = Budget(AddressPool(line.target, 0), line.target.limits)
    blunt = Wire(line.target, STATELESS, budget, line.transcript, meets_limits=meets_limits)
    try:
        if meets_limits:
            assert blunt.knock(KEY).status == 429
        else:
            with pytest.raises(NotEstablishedError):
                blunt.knock(KEY)
        assert not hands.waits
    finally:
        blunt.close()


@pytest.mark.parametrize("wait", ["61", "1000000000"])
def test_nobody_waits_for_as_long_as_a_liar_says(
    courtesy: Courtesy, hands: Hands, wait: str
) -> None:
    courtesy.note(limited(wait))
    for _ in range(2):
        with pytest.raises(NotEstablishedError, match=r"\[limits\]"):
            courtesy.heed()
    assert not hands.waits


def test_the_waits_of_a_run_have_an_end(courtesy: Courtesy, hands: Hands) -> None:
    for _ in range(int(MOST / LONGEST)):
        courtesy.note(limited(str(int(LONGEST))))
        courtesy.heed()
    courtesy.note(limited("1"))
    with pytest.raises(NotEstablishedError, match="patience"):
        courtesy.heed()
    assert sum(hands.waits) == MOST


def test_patience_lets_it_wait_longer(hands: Hands) -> None:
    courtesy = Courtesy(1000, hands, hands.wait)
    courtesy.note(limited("900", 503))
    courtesy.heed()
    assert hands.waits == [900]


@pytest.mark.parametrize(
    "wait", ["-1", "0", "soon", "9" * 5000, "Thu, 01 Jan 1970 00:00:00 GMT", "\u0663", NO_YEAR]
)
def test_what_asks_for_nothing_is_not_waited_for(courtesy: Courtesy, wait: str) -> None:
    assert not courtesy.note(limited(wait))
    assert not courtesy.note(replace(limited("5"), status=401))
    courtesy.heed()


def test_what_one_check_is_told_holds_no_other_up_but_costs_it_time() -> None:
    hands = Hands()
    first = Courtesy(clock=hands, wait=hands.wait)
    second = first.anew()
    first.note(limited("60"))
    second.heed()
    assert hands.waits == []
    for _ in range(int(MOST // 60)):
        first.note(limited("60"))
        first.heed()
    second.note(limited("1"))
    with pytest.raises(NotEstablishedError, match="asks not to be called for 1 s"):
        second.heed()
