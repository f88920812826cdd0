"""Bounded waits. Nothing in the judge sleeps: it waits for something, and not for ever.

What is done at once is done by a crew, of which a thread that dies is heard by whoever waits.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

A = TypeVar("A")
T = TypeVar("T")
SILENT_SECONDS = 120.0
"""How long a crew may have nothing to tell. A piece of work is an exchange or a few of them, each
of which has a bound of its own; time that is let pass on purpose does not count."""
DRAIN_SECONDS = 15.0
"""What the others of a crew have to end their piece of work in, once one of them has died."""
_NEVER_SET = threading.Event()


class OverdueError(NotEstablishedError):
    """What was waited for did not come within its bound: undecided, and no fault of the target."""

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(f"waited {seconds:.3g} s for {what}, in vain")


def wait_for(look: Callable[[], T], seconds: float, pause: float = 0.02) -> T:
    """Call ``look`` until it is true or ``seconds`` are over; return its last value."""
    deadline = time.monotonic() + seconds
    while not (value := look()) and time.monotonic() < deadline:
        _NEVER_SET.wait(pause)
    return value


@dataclass(frozen=True)
class Wait:
    """A wait that somebody who watches the run would ask about: what for, and until when.

    It takes ``seconds``, or at most so many where ``is_bound``; ``until`` is of the monotonic
    clock. While ``is_measuring``, whoever shows this is to keep still.
    """

    what: str
    seconds: float
    until: float
    is_bound: bool = True
    is_measuring: bool = False


listeners: list[Callable[[], object]] = []
"""Called when what is waited for has changed."""
_waits: dict[object, Wait] = {}


def current_wait() -> Wait | None:
    """Return what this process waits for; the first to begin where there are several."""
    return next(iter(tuple(_waits.values())), None)


@contextmanager
def announced(
    what: str, seconds: float, *, is_bound: bool = True, is_measuring: bool = False
) -> Generator[None]:
    """Let those who watch the run know what it waits for while the block lasts."""
    mark = object()
    until = time.monotonic() + seconds
    _waits[mark] = Wait(what, seconds, until, is_bound, is_measuring)
    _tell_listeners()
    try:
        yield
    finally:
        del _waits[mark]
        _tell_listeners()


def _tell_listeners() -> None:
    for listener in listeners:
        listener()


class _Passing:
    """Until when somebody lets time pass on purpose, by the monotonic clock."""

    until = 0.0


def pass_time(seconds: float, what: str) -> None:
    """Let real time pass, and say what for: only where the target offers no clock channel."""
    _Passing.until = max(_Passing.until, time.monotonic() + seconds)
    with announced(what, seconds, is_bound=False):
        _NEVER_SET.wait(seconds)


class Crew:
    """Threads at work. One that dies is heard by whoever waits, and nobody waits for ever.

    ``what`` they do stands in the error of a wait that reached its bound. They are no reason for
    the process to stay: one that never ends does not outlive it.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._changed = threading.Condition()  # bounded: held to read and write the values below
        self._at_work, self._last_word = 0, time.monotonic()
        self._error: BaseException | None = None
        self.is_over = False

    def start(self, work: Callable[[], object], count: int = 1) -> None:
        """Set so many threads to work, which is over when ``work`` returns or ``is_over``."""
        with self._changed:
            self._at_work += count
            self._last_word = time.monotonic()
        for _ in range(count):
            threading.Thread(target=self._run, args=(work,), daemon=True).start()

    def tell(self) -> None:
        """Tell whoever waits that a piece of work is done."""
        with self._changed:
            self._last_word = time.monotonic()
            self._changed.notify_all()

    def wait(
        self, seconds: float = SILENT_SECONDS, until: Callable[[], bool] = lambda: False
    ) -> None:
        """Wait until something is so, or nobody is at work.

        Raises the first exception of a thread as soon as it dies, and OverdueError when there was
        no word of anybody for ``seconds``. After either, nobody takes up more work.
        """
        try:
            with self._changed:
                while self._error is None and self._at_work and not until():
                    self._await_word(seconds)
        except BaseException:  # Ctrl-C among them
            self.is_over = True
            raise
        if self._error is not None:
            self._drain(min(seconds, DRAIN_SECONDS))
            raise self._error

    def has_ended(self) -> bool:
        """Tell whether nobody is at work any more. Raises the first exception of a thread."""
        with self._changed:
            if self._error is not None:
                raise self._error
            return not self._at_work

    def _await_word(self, seconds: float) -> None:
        left = max(self._last_word, _Passing.until) + seconds - time.monotonic()
        if left <= 0:
            what = f"{self._what} ({self._at_work} at work and no word of any)"
            raise OverdueError(what, seconds)
        self._changed.wait(left)

    def _drain(self, seconds: float) -> None:
        """Have the others end, as far as they do in time: what comes next is not to meet them."""
        self.is_over = True
        with self._changed:
            self._changed.wait_for(lambda: not self._at_work, seconds)

    def _run(self, work: Callable[[], object]) -> None:
        error: BaseException | None = None
        try:
            work()
        except BaseException as raised:  # noqa: BLE001 -- whoever waits raises it
            error = raised
        with self._changed:
            self._at_work -= 1
            self._last_word = time.monotonic()
            self._error = self._error or error
            self._changed.notify_all()


def gather(
    work: Callable[[A], T],
    given: Iterable[A],
    *,
    at_once: int,
    what: str = "requests sent at once",
    seconds: float = SILENT_SECONDS,
) -> list[T]:
    """Do a piece of work with each thing given, so many at once; return what came, in their order.

    Raises the first exception, and OverdueError when nothing got done for ``seconds``.
    """
    to_do, crew = deque(enumerate(given)), Crew(what)
    count, done = len(to_do), dict[int, T]()

    def take_turns() -> None:
        while not crew.is_over:
            try:
                place, one = to_do.popleft()
            except IndexError:
                return
            done[place] = work(one)
            crew.tell()

    crew.start(take_turns, min(at_once, count))
    crew.wait(seconds)
    return [done[place] for place in range(count)]


@contextmanager
def beside(
    work: Callable[[Callable[[], bool]], object], what: str, seconds: float
) -> Generator[None]:
    """Have a thread at work beside the block; ``work`` is given what tells it that the block ended.

    At the end of the block what the thread died of is raised, or OverdueError after ``seconds``.
    """
    crew = Crew(what)
    crew.start(lambda: work(lambda: crew.is_over))
    try:
        yield
    finally:
        crew.is_over = True
        crew.tell()
        crew.wait(seconds)
