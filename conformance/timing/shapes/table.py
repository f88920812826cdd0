"""What is said of leaks of known size in servers of several shapes, and what of it is false.

A pass is false where the leak is at least what the pass says it rules out, a fail where there is no
leak. On some shapes a leak is swallowed (``tick``, ``mixed``): nothing there has to pass.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.channels.programs.running import start
from conformance.profile.target import Start
from conformance.timing.aid import helped
from conformance.timing.apart import apart
from conformance.timing.measure import TooFewError, measure
from conformance.timing.shapes.planting import NAMES, Leak, addresses, planting
from conformance.timing.statistics import Rule
from conformance.timing.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from conformance.timing.verdict import Measurement

ROOT = Path(__file__).parents[3]
AUTOGROUP = Path("/proc/sys/kernel/sched_autogroup_enabled")
_GROUPS = (Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup"))
_WORDS = {Outcome.SAME: "pass", Outcome.LEAK: "fail", Outcome.UNDECIDED: "undecided"}
_FRESH_SERVER_AFTER = 10
"""Rounds after which the server is replaced: where its processes run differs each time."""
SERVER = ("{python}", "-m", "conformance.timing.shapes.server", "--state", "{state}", "--shape")


class CannotError(Exception):
    """This machine does not let such a target be made; the message says why."""


@dataclass(frozen=True)
class Shape:
    """A server, and whether the judge has started it, so that it may confine it to a core.

    ``grouped`` puts its other processes in a control group of their own.
    """

    name: str
    server: str
    by_hand: bool = False
    grouped: bool = False


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("loop", "loop"),
        Shape("pool", "pool"),
        Shape("split", "split"),
        Shape("loop-by-hand", "loop", by_hand=True),
        Shape("pool-by-hand", "pool", by_hand=True),
        Shape("split-by-hand", "split", by_hand=True),
        Shape("split-grouped", "split", grouped=True),
        Shape("tick", "tick", by_hand=True),
        Shape("mixed", "mixed", by_hand=True),
    )
}


@dataclass(frozen=True)
class Effort:
    """How many measurements each leak gets and how long one may take; ``both`` autogroup states."""

    runs: int
    seconds: float
    both: bool = False


@dataclass
class Row:
    """What was said of one leak in one target."""

    target: str
    leak: Leak
    said: Counter[str] = field(default_factory=Counter[str])
    false: int = 0

    def add(self, found: Measurement) -> None:
        """Count a measurement."""
        self.said[_WORDS[found.outcome]] += 1
        self.false += is_false(found, self.leak)

    def __str__(self) -> str:
        counts = "".join(f"{self.said[word]:>11}" for word in ("pass", "fail", "undecided"))
        return f"{self.target:<34}{self.leak!s:<22}{counts}{self.false:>11}"


@dataclass(frozen=True)
class Table:
    """All rows, and the sentences on what could not be measured."""

    rows: tuple[Row, ...]
    skipped: tuple[str, ...]

    @property
    def is_false(self) -> bool:
        """Whether anything false was said."""
        return any(row.false for row in self.rows)

    def __str__(self) -> str:
        head = f"{'target':<34}{'leak':<22}{'pass':>11}{'fail':>11}{'undecided':>11}{'false':>11}"
        false = sum(row.false for row in self.rows)
        all_ = sum(row.said.total() for row in self.rows)
        return "\n".join(
            [head, *map(str, self.rows), *self.skipped, f"false: {false} of {all_} verdicts"]
        )


def is_false(found: Measurement, leak: Leak) -> bool:
    """Tell whether a verdict is false, by what it says itself."""
    shows = leak.microseconds >= found.last.wide and 1 / leak.one_in >= found.wide_tail_share
    if found.outcome is Outcome.SAME:
        return shows
    return found.leaks and not leak.microseconds


def tabulate(
    shapes: Iterable[Shape], leaks: list[Leak], effort: Effort, tell: Callable[[str], object]
) -> Table:
    """Measure each leak on each shape of server, ``runs`` times."""
    rows, skipped = list[Row](), list[str]()
    supply = addresses()
    for is_on in (True, False) if effort.both else (None,):
        try:
            with autogroup(is_on=is_on):
                mark = "" if is_on is None else f", autogroup {'on' if is_on else 'off'}"
                for shape in shapes:
                    ours = [Row(f"{shape.name}{mark}", leak) for leak in leaks]
                    try:
                        _measure_all(shape, ours, effort, lambda: next(supply), tell)
                    except CannotError as error:
                        skipped.append(f"{shape.name}{mark}: left out, since {error}")
                        continue
                    rows += ours
        except CannotError as error:
            skipped.append(str(error))
    return Table(tuple(rows), tuple(skipped))


def _measure_all(
    shape: Shape,
    rows: list[Row],
    effort: Effort,
    address: Callable[[], str],
    tell: Callable[[str], object],
) -> None:
    done = 0
    while done < effort.runs:
        running = start(Start(command=(*SERVER, shape.server), ready_seconds=30), ROOT)
        try:
            state = json.loads(running.state.read_text("utf-8"))
            session = None if shape.by_hand else running.session
            with _group(state["others"]) if shape.grouped else nullcontext():
                for _ in range(min(_FRESH_SERVER_AFTER, effort.runs - done)):
                    done += 1
                    for row in rows:
                        tell(_measure(row, state["url"], address, session, effort.seconds))
        finally:
            running.stop()


def _measure(
    row: Row, url: str, address: Callable[[], str], session: int | None, seconds: float
) -> str:
    sampler = planting(url, row.leak, address)
    aid = partial(apart, session)
    try:
        with helped(sampler, aid, seconds / 4) if session else nullcontext():
            found = measure(sampler, NAMES, Rule(against_first=True), seconds)
    except TooFewError as error:
        row.said["undecided"] += 1
        return f"{row.target}, {row.leak}: {error}\n"
    row.add(found)
    mark = "FALSE: " if is_false(found, row.leak) else ""
    return f"{mark}{row.target}, {row.leak}: {found} in {found.seconds:.1f} s\n"


@contextmanager
def autogroup(*, is_on: bool | None, switch: Path = AUTOGROUP) -> Generator[None]:
    """Have the kernel share the processor among sessions or not; None leaves it. Put it back.

    Raises CannotError where it cannot be switched.
    """
    if is_on is None:
        yield
        return
    try:
        before = switch.read_text("ascii")
        switch.write_text(f"{int(is_on)}\n", "ascii")
    except OSError as error:
        raise CannotError(f"autogroup cannot be switched: {error.strerror}") from error
    try:
        yield
    finally:
        switch.write_text(before, "ascii")


@contextmanager
def _group(processes: list[int]) -> Generator[None]:
    """Put processes in a new control group of the processor, and back in the old one.

    Raises CannotError where there can be none.
    """
    base = next((base for base in _GROUPS if (base / "cgroup.procs").exists()), None)
    if base is None:
        raise CannotError("there are no control groups")
    folder = base / f"hallmark-{os.getpid()}"
    try:
        folder.mkdir()
        _move(processes, folder)
    except OSError as error:
        _remove(folder)
        raise CannotError(f"a control group cannot be made: {error.strerror}") from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # they have ended
            _move(processes, base)
        _remove(folder)


def _move(processes: list[int], folder: Path) -> None:
    for process in processes:
        (folder / "cgroup.procs").write_text(f"{process}\n", "ascii")


def _remove(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
