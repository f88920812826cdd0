"""What a run tells while it judges: a live line on a terminal, a line an area in a CI log.

Where output goes to a file or a pipe it tells nothing, and with ``-v`` pytest's own lines are there
in place of ours.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import pytest

from conformance import waiting
from conformance.model import CheckResult, Verdict, decided
from conformance.requirement import needs_of, requirement_of
from conformance.run.estimate import Estimate, in_words
from conformance.run.judgeable import obstacle
from conformance.run.live import LiveLine
from conformance.run.options import SOAKED
from conformance.run.recorder import PROPERTY, from_property
from conformance.text.plain import fitted
from conformance.waiting import Wait

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conformance.model import Channel, Requirement
    from conformance.run.session import JudgeSession

_LEAST_ROOM = 24
"""Columns for what is being judged; where there would be fewer, the time left gives way."""
_WORTH_TELLING = 2.0
"""Seconds that a wait takes, or has taken where only its bound is known, to be worth telling."""


class Manner(Enum):
    """How a run tells of its progress."""

    LIVE = auto()
    AREAS = auto()
    QUIET = auto()
    PYTEST = auto()


def manner_of(config: pytest.Config) -> Manner:
    """Return how a run is to tell of its progress."""
    if config.option.verbose > 0:
        return Manner.PYTEST
    if config.option.verbose < -1 or hasattr(config, "workerinput"):
        return Manner.QUIET
    if os.environ.get("CI") or os.environ.get("BUILD_NUMBER"):  # what pytest itself goes by
        return Manner.AREAS
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        return Manner.LIVE
    return Manner.QUIET


@dataclass(frozen=True)
class Doing:
    """What a process waits for, and the requirement that has it wait, if any."""

    requirement: str
    wait: Wait

    @property
    def is_long(self) -> bool:
        """Whether it is worth telling."""
        left = self.wait.until - time.monotonic()
        known = self.wait.seconds - left if self.wait.is_bound else self.wait.seconds
        return self.wait.is_measuring or known >= _WORTH_TELLING

    def __str__(self) -> str:
        """Say it, with the time that it still takes."""
        left = max(0.0, self.wait.until - time.monotonic())
        most = "at most " if self.wait.is_bound else ""
        return f"{self.requirement} {self.wait.what} ({most}{left:.0f} s)".lstrip()


class WorkerProgress:
    """The pytest plugin by which a worker lets the controller know what it waits for."""

    def __init__(self, path: Path) -> None:
        self._path, self._requirement = path, ""
        waiting.listeners.append(self._write)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Learn what is judged now."""
        self._requirement = requirement_of(item).id

    def _write(self) -> None:
        wait = waiting.current_wait()
        text = json.dumps(asdict(Doing(self._requirement, wait))) if wait else ""
        self._path.write_text(text, encoding="utf-8")


def doing_of_worker(path: Path) -> Doing | None:
    """Return what a worker has written last; None while it waits for nothing."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Doing(found["requirement"], Wait(**found["wait"]))
    except (OSError, ValueError):  # nothing is there, or it is being written
        return None


class Progress:
    """The pytest plugin of the process that the user sees."""

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        self._session: JudgeSession | None = None
        self._reporter: pytest.TerminalReporter | None = None
        self._checks: dict[str, Requirement] = {}
        self._feasible: dict[str, Requirement] = {}
        self._workers: set[str] = set()
        self._estimate = Estimate({})
        self._running: dict[str, float] = {}
        self._done: set[str] = set()
        self._found: defaultdict[str, list[CheckResult]] = defaultdict(list)
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._line: LiveLine | None = None
        if manner is Manner.LIVE:
            self._line = LiveLine(sys.stdout.fileno(), self.text)
            self._line.show()

    # -- what there is to do --------------------------------------------------------------------

    def opened(self, session: JudgeSession) -> None:
        """Take the run once its target is there; pytest has the terminal until checks begin."""
        self._session = session
        if self._line is not None:
            self._line.hide()

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Keep pytest from telling the names of files."""
        self._reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if self._reporter is not None and self.manner is not Manner.PYTEST:
            self._reporter.showfspath = False

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Learn which checks this process will make."""
        for item in session.items:
            self._plan(item.nodeid, requirement_of(item), needs_of(item))
        self._estimate = Estimate(self._feasible, more=self._more())

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        """Learn from a worker which checks the workers will make."""
        from conformance.run.scheduling import requirement_and_needs

        self._workers.add(str(node.gateway.id))
        if not self._checks:
            for check in ids:
                self._plan(check, *requirement_and_needs(check))
        self._estimate = Estimate(self._feasible, len(self._workers), self._more())

    def _more(self) -> dict[str, float]:
        return {SOAKED: self._session.options.soak_seconds} if self._session else {}

    def _plan(self, check: str, entry: Requirement, needs: tuple[Channel, ...]) -> None:
        self._checks[check] = entry
        session = self._session
        if session and obstacle(session.target, session.options, entry, needs) is None:
            self._feasible[check] = entry

    # -- what is being done, and what was -------------------------------------------------------

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note that a check begins."""
        self._running[nodeid] = time.monotonic()
        if self._line is not None:
            self._line.show()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the verdict that the last report of each check carries."""
        for name, value in report.user_properties:
            if name == PROPERTY:
                result = from_property(str(value))[1]
                self._end(report.nodeid, result)

    def _end(self, check: str, result: CheckResult) -> None:
        self._running.pop(check, None)
        self._done.add(check)
        self._estimate.note(check, result.seconds)
        if (entry := self._checks.get(check)) is None:
            return
        self._found[entry.id].append(result)
        self._seconds[entry.area] += result.seconds
        if self.manner is Manner.AREAS and self._reporter is not None:
            rest = (one for name, one in self._checks.items() if name not in self._done)
            if all(one.area != entry.area for one in rest):
                self._reporter.write_line(self.area_line(entry.area))

    def area_line(self, area: str) -> str:
        """Return what is told of an area of which all was judged."""
        ids = {entry.id for entry in self._checks.values() if entry.area == area}
        counts = Counter(decided(self._found[name]) for name in ids)
        told = ", ".join(f"{counts[one]} {one.value}" for one in Verdict if counts[one])
        return f"{area + ':':<7} {told} ({self._seconds[area]:.1f} s)"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Give the terminal back to pytest, for the summary."""
        self.close()

    def close(self) -> None:
        """Take the live line away for good."""
        if self._line is not None:
            self._line.close()

    # -- the live line --------------------------------------------------------------------------

    def text(self, width: int) -> str:
        """Return the live line for a terminal of so many columns."""
        head, tail = "", ""
        if self._checks:
            head, tail = self._count(), self._time_left()
        room = width - 1 - len(head) - len(tail)
        if room < _LEAST_ROOM:
            room, tail = room + len(tail), ""
        return head + fitted(self._what(), room).ljust(room) + tail

    def _count(self) -> str:
        to_do = {entry.id for name, entry in self._checks.items() if name not in self._done}
        total = len({entry.id for entry in self._checks.values()})
        found = tuple(self._found.values())
        failed = sum(any(one.verdict is Verdict.FAIL for one in results) for results in found)
        return f"{total - len(to_do):>3} of {total}  " + (f"{failed} failed  " if failed else "")

    def _time_left(self) -> str:
        now = time.monotonic()
        running = [(check, now - began) for check, began in tuple(self._running.items())]
        return f"  {in_words(self._estimate.left(running))}"

    def _what(self) -> str:
        running = [self._checks[check] for check in tuple(self._running) if check in self._checks]
        for doing in self._doings([entry.id for entry in running]):
            if doing.is_long or not running:
                return str(doing)
        if len(running) == 1:
            return f"{running[0].id} {running[0].title}"
        return ", ".join(entry.id for entry in running)

    def _doings(self, ids: list[str]) -> Iterator[Doing]:
        if self._session is None or not self._workers:
            if (wait := waiting.current_wait()) is not None:
                yield Doing(ids[0] if ids else "", wait)
            return
        for worker in sorted(self._workers):
            if (doing := doing_of_worker(self._session.told_by(worker))) is not None:
                yield doing
