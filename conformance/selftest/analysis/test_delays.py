"""Who is accused of a delay: only a server that delays another caller each time it is attacked."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from conformance.analysis import delays
from conformance.analysis.delays import Asked, Neighbour
from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Generator

BOUND = 1.0


@dataclass
class Server:
    """Answers in a time that depends on whether it is attacked, and how often it was."""

    quiet: float = 0.01
    beside: tuple[float, ...] = (0.01,)
    is_served: bool = True
    busy: float = 0.0
    attacks: int = 0
    is_attacked: bool = False
    asked: list[float] = field(default_factory=list[float])

    def ask(self, seconds: float) -> Asked:
        """Answer the other caller."""
        self.asked.append(seconds)
        if not self.is_attacked:
            return Asked(self.quiet, is_served=True, told="200")
        takes = self.beside[min(self.attacks, len(self.beside)) - 1]
        return Asked(min(takes, seconds), self.is_served and takes <= seconds, "timed out")

    def is_over(self) -> bool:
        """Tell that an attack goes on."""
        return False

    def spent(self) -> float:
        """Tell how long the judge was at work: more each time."""
        self.busy *= 2
        return self.busy

    def part(self) -> str:
        """Tell what is under way."""
        return "a part"

    @contextmanager
    def attack(self) -> Generator[Server]:
        """Attack it."""
        self.attacks += 1
        self.is_attacked = True
        try:
            yield self
        finally:
            self.is_attacked = False


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delays, "RECOVERY", 0.05)
    monkeypatch.setattr(delays, "PAUSE", 0.0)


def hurt(server: Server, *, is_brief: bool = False) -> str | None:
    return Neighbour(server.ask, BOUND).is_hurt_by(server.attack, is_brief=is_brief)


def test_a_delay_each_time_is_told_with_what_it_takes_without() -> None:
    server = Server(beside=(1.2,))
    told = hurt(server)
    assert (
        told == "another caller waits 1.20 s, where it takes 0.010 s at most without (2 times, "
        "by turns with quiet)"
    )
    assert server.attacks == delays.ROUNDS


def test_who_gets_no_answer_is_delayed() -> None:
    assert (hurt(Server(is_served=False)) or "").startswith("another caller is answered timed out")


@pytest.mark.parametrize("beside", [(0.9,), (5.0, 0.01)], ids=["within the bound", "once"])
def test_what_is_no_delay_each_time_accuses_nobody(beside: tuple[float, ...]) -> None:
    assert hurt(Server(beside=beside)) is None


def test_a_server_that_is_slow_by_itself_is_undecided() -> None:
    with pytest.raises(NotEstablishedError, match="served at once by itself"):
        hurt(Server(quiet=1.5, beside=(9.0,)))


def test_a_slow_server_may_take_some_times_what_it_always_takes() -> None:
    assert hurt(Server(quiet=0.5, beside=(2.4,))) is None
    assert hurt(Server(quiet=0.5, beside=(2.6,))) is not None


def test_a_judge_that_is_busy_accuses_nobody() -> None:
    with pytest.raises(NotEstablishedError, match="the judge itself was busy"):
        hurt(Server(beside=(5.0,), busy=1.0))


def test_a_machine_that_is_overloaded_accuses_nobody_but_a_server_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delays.os, "getloadavg", lambda: (99.0 * (os.cpu_count() or 1), 0.0, 0.0))
    slow = Server(beside=(1.2,))
    with pytest.raises(NotEstablishedError, match="99 programs wait for each processor"):
        Neighbour(slow.ask, BOUND, is_here=True).is_hurt_by(slow.attack)
    assert hurt(slow) is not None
    quick = Server()
    assert Neighbour(quick.ask, BOUND, is_here=True).is_hurt_by(quick.attack) is None


def test_one_late_answer_is_enough_of_a_round_beside_what_is_brief() -> None:
    server = Server(beside=(1.2,))
    assert hurt(server, is_brief=True) is not None
    beside = len(server.asked) - delays.ROUNDS * (delays.ASKED + 1) + 1
    assert beside == delays.ROUNDS


def test_what_was_under_way_is_suspected_where_an_answer_was_late() -> None:
    late, quick = Server(beside=(1.2,)), Server()
    assert Neighbour(late.ask, BOUND).suspects(late.attack) == {"a part"}
    assert Neighbour(quick.ask, BOUND).suspects(quick.attack) == set()
