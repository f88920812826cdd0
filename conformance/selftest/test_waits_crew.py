"""A crew's threads: who waits for them hears the one that dies, and waits for none for ever."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from conformance.model import Verdict
from conformance.verdicts import judge
from conformance.waiting import Crew, OverdueError, beside, gather, pass_time

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

TINY = 0.2
AMPLE = 10.0


@pytest.fixture
def hung() -> Generator[threading.Event]:
    """An event that threads hang on until the test is over."""
    event = threading.Event()
    started = time.monotonic()
    yield event
    event.set()
    assert time.monotonic() - started < AMPLE


def test_what_is_gathered_comes_in_order() -> None:
    assert gather(lambda number: number * 2, range(50), at_once=8) == list(range(0, 100, 2))
    assert gather(str, [], at_once=8) == []


def test_no_more_are_at_work_than_may_be() -> None:
    at_work, most, lock = 0, 0, threading.Lock()

    def work(_: int) -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        pass_time(0.01, "a test")
        with lock:
            at_work -= 1

    gather(work, range(20), at_once=3)
    assert most == 3


def test_gathering_ends_with_the_first_error(hung: threading.Event) -> None:
    done: list[int] = []

    def work(number: int) -> None:
        if number == 1:
            raise LookupError("one")
        hung.wait(TINY / 2)
        done.append(number)

    with pytest.raises(LookupError, match="one"):
        gather(work, range(1000), at_once=2)
    assert len(done) < 10


def test_gathering_reaches_its_bound(hung: threading.Event) -> None:
    with pytest.raises(OverdueError, match="for pieces of work"):
        gather(lambda _: hung.wait(AMPLE), [1, 2], at_once=2, what="pieces of work", seconds=TINY)


def test_silence_reaches_its_bound_and_tells_what_it_waited_for(hung: threading.Event) -> None:
    crew = Crew("an answer")
    crew.start(lambda: hung.wait(AMPLE), 3)
    with pytest.raises(OverdueError, match=r"an answer \(3 at work") as raised:
        crew.wait(TINY)
    assert crew.is_over
    assert judge("call", raised.value) is Verdict.INCONCLUSIVE


def test_a_thread_that_dies_is_heard_though_others_hang(hung: threading.Event) -> None:
    def die() -> None:
        raise KeyError("gone")

    crew = Crew("nothing")
    crew.start(lambda: hung.wait(AMPLE))
    crew.start(die)
    with pytest.raises(KeyError, match="gone"):
        crew.wait(TINY)


def test_those_who_tell_of_work_are_not_silent() -> None:
    def work(_: int) -> None:
        pass_time(TINY / 2, "a test")

    assert len(gather(work, range(6), at_once=1, seconds=TINY)) == 6


def test_time_let_pass_on_purpose_is_no_silence() -> None:
    gather(lambda seconds: pass_time(seconds, "a test"), [3 * TINY], at_once=1, seconds=TINY)


@pytest.mark.parametrize("error", [LookupError("no id"), SystemExit(1)])
def test_what_is_beside_a_block_is_heard(error: BaseException) -> None:
    def work(_: Callable[[], bool]) -> None:
        raise error

    with pytest.raises(type(error)), beside(work, "nothing", TINY):
        pass


def test_what_is_beside_a_block_and_does_not_end_is_told(hung: threading.Event) -> None:
    with (
        pytest.raises(OverdueError, match="its end"),
        beside(lambda _: hung.wait(AMPLE), "its end", TINY),
    ):
        pass


def test_what_is_beside_a_block_ends_with_it() -> None:
    def work(has_ended: Callable[[], bool]) -> None:
        while not has_ended():
            pass_time(0.01, "a test")

    with beside(work, "its end", AMPLE):
        pass
