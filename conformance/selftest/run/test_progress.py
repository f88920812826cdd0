"""A run tells what it does on a terminal, and a line an area in a CI log; else nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from conformance import waiting
from conformance.catalogue import requirements
from conformance.model import CheckResult, Verdict
from conformance.run.estimate import Estimate, in_words, measured
from conformance.run.live import LiveLine
from conformance.run.progress import (
    Doing,
    Manner,
    Progress,
    WorkerProgress,
    doing_of_worker,
    manner_of,
)
from conformance.run.recorder import PROPERTY, as_property
from conformance.selftest.judging import PROFILE, ROOT, UNPLUGGED, environment, judge
from conformance.selftest.targets import Good, OpenToAll, serving
from conformance.waiting import Wait, announced, current_wait, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

KEYS, RATES = "conformance/checks/auth/keys.py", "conformance/checks/rate/address.py"
MISSING = f"{KEYS}::test_a_missing_key_is_refused_and_nothing_runs"
WIDTH = 80


class Session:
    """A run of which everything can be judged, as far as progress asks for one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.options = SimpleNamespace(
            without=frozenset[str](), is_intrusive=True, soak_seconds=0.0
        )
        self.target = self
        self.is_loopback = True

    def inapplicable(self, _: str) -> None:
        """Tell that everything applies."""

    def has(self, _: str) -> bool:
        """Tell that every channel is there."""
        return True

    def says_none(self, _: str) -> bool:
        """Tell that of nothing the profile says that it is not there."""
        return False

    def told_by(self, worker: str) -> Path:
        """Return the file of a worker."""
        return self._folder / worker


@dataclass(frozen=True)
class Item:
    """A check that was collected."""

    nodeid: str
    requirement: str

    def get_closest_marker(self, _: str) -> pytest.Mark:
        """Return the mark of its requirement."""
        return pytest.mark.requirement(self.requirement).mark


def item(nodeid: str, name: str) -> Any:
    return Item(nodeid, name)


def report(nodeid: str, name: str, verdict: Verdict, seconds: float = 1.0) -> Any:
    result = as_property(name, CheckResult("-", verdict, seconds=seconds))
    return SimpleNamespace(nodeid=nodeid, user_properties=[(PROPERTY, result)])


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    """Three checks of two requirements, none of which has begun."""
    made = Progress(Manner.AREAS)
    made.opened(cast("Any", Session(tmp_path)))
    items = [item("one", "AUTH-01"), item("two", "AUTH-01"), item("three", "RATE-01")]
    made.pytest_collection_finish(cast("Any", SimpleNamespace(items=items)))
    return made


def test_the_line_has_requirement_count_and_time_left(progress: Progress) -> None:
    progress.pytest_runtest_logstart("one")
    line = progress.text(WIDTH)
    assert line.startswith(f"  0 of 2  AUTH-01 {requirements()['AUTH-01'].title[:10]}")
    assert line.endswith(("s left", "almost done"))
    assert len(line) < WIDTH


def test_a_requirement_is_done_once_all_its_checks_are(progress: Progress) -> None:
    progress.pytest_runtest_logreport(report("one", "AUTH-01", Verdict.PASS))
    assert progress.text(WIDTH).startswith("  0 of 2 ")
    progress.pytest_runtest_logreport(report("two", "AUTH-01", Verdict.FAIL))
    assert progress.text(WIDTH).startswith("  1 of 2  1 failed ")


def test_several_checks_at_once_are_all_named(progress: Progress) -> None:
    progress.pytest_runtest_logstart("one")
    progress.pytest_runtest_logstart("three")
    assert "AUTH-01, RATE-01" in progress.text(WIDTH)


def test_a_narrow_terminal_keeps_what_is_judged(progress: Progress) -> None:
    progress.pytest_runtest_logstart("three")
    for width in range(20, 120):
        line = progress.text(width)
        assert len(line) < width
        assert "RATE-01" in line


def test_a_long_wait_is_told_with_its_reason(progress: Progress) -> None:
    progress.pytest_runtest_logstart("one")
    with announced("staying below a limit", 41, is_bound=False):
        assert "AUTH-01 staying below a limit (41 s)" in progress.text(WIDTH)
    with announced("measuring", 240, is_measuring=True):
        assert "AUTH-01 measuring (at most 240 s)" in progress.text(WIDTH)
    assert "limit" not in progress.text(WIDTH)


def test_a_short_wait_is_not_worth_telling(progress: Progress) -> None:
    progress.pytest_runtest_logstart("one")
    with announced("staying below a limit", 0.5, is_bound=False):
        assert "limit" not in progress.text(WIDTH)
    with announced("starting another process", 60):  # it may be over in a moment
        assert "process" not in progress.text(WIDTH)


def test_what_a_worker_waits_for_is_told(
    progress: Progress, tmp_path: Path, watching: list[Any]
) -> None:
    del watching
    node = SimpleNamespace(gateway=SimpleNamespace(id="gw0"))
    progress.pytest_xdist_node_collection_finished(node, [MISSING])
    worker = WorkerProgress(tmp_path / "gw0")
    worker.pytest_runtest_setup(item(MISSING, "AUTH-01"))
    with announced("letting time pass", 30, is_bound=False):
        told = doing_of_worker(tmp_path / "gw0")
        assert told is not None
        assert str(told) == "AUTH-01 letting time pass (30 s)"
        progress.pytest_runtest_logstart("three")
        assert "AUTH-01 letting time pass" in progress.text(WIDTH)
    assert doing_of_worker(tmp_path / "gw0") is None


def test_the_checks_of_workers_are_known_by_their_ids(tmp_path: Path) -> None:
    made = Progress(Manner.QUIET)
    made.opened(cast("Any", Session(tmp_path)))
    for worker in ("gw0", "gw1"):
        node = SimpleNamespace(gateway=SimpleNamespace(id=worker))
        made.pytest_xdist_node_collection_finished(node, [MISSING])
    made.pytest_runtest_logstart(MISSING)
    assert made.text(WIDTH).startswith("  0 of 1  AUTH-01 ")


@pytest.fixture
def watching() -> Iterator[list[Any]]:
    """Whoever is told of waits, put back to what it was."""
    before = list(waiting.listeners)
    yield waiting.listeners
    waiting.listeners[:] = before


def test_an_area_is_told_once_all_of_it_is_judged(progress: Progress) -> None:
    lines: list[str] = []
    manager = SimpleNamespace(get_plugin=lambda _: SimpleNamespace(write_line=lines.append))  # pyright: ignore[reportUnknownLambdaType]
    config = SimpleNamespace(pluginmanager=manager)
    progress.pytest_sessionstart(cast("Any", SimpleNamespace(config=config)))
    progress.pytest_runtest_logreport(report("one", "AUTH-01", Verdict.PASS))
    assert not lines
    progress.pytest_runtest_logreport(report("three", "RATE-01", Verdict.NOT_ASSESSED, 0.5))
    progress.pytest_runtest_logreport(report("two", "AUTH-01", Verdict.INCONCLUSIVE))
    assert lines == ["RATE:   1 not assessed (0.5 s)", "AUTH:   1 inconclusive (2.0 s)"]


def test_a_slow_target_takes_longer_than_the_reference_server() -> None:
    entries = requirements()
    checks = {name: entries[name] for name in ("AUTH-01", "AUTH-02", "MCP-15")}
    estimate, slow = Estimate(checks), Estimate(checks)
    estimate.note("AUTH-01", measured()["AUTH-01"])
    slow.note("AUTH-01", 100.0)
    expected = measured()["AUTH-02"] + measured()["MCP-15"]
    assert estimate.left([]) == pytest.approx(expected)
    assert slow.left([]) > 10 * expected
    assert estimate.left([("MCP-15", 1000.0)]) == pytest.approx(measured()["AUTH-02"])


def test_workers_share_all_but_what_needs_the_target_alone() -> None:
    entries = requirements()
    together = {name: entries[name] for name in ("AUTH-01", "AUTH-02")}
    alone = {"RATE-01": entries["RATE-01"]}
    left = Estimate(together | alone, workers=2).left([])
    assert left == pytest.approx(Estimate(together).left([]) / 2 + Estimate(alone).left([]))


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.2, "almost done"), (7.4, "~7 s left"), (43, "~45 s left"), (200, "~3 min left")],
)
def test_an_estimate_is_told_no_more_exactly_than_it_is(seconds: float, told: str) -> None:
    assert in_words(seconds) == told


@pytest.mark.parametrize(
    ("verbose", "variables", "is_terminal", "manner"),
    [
        (0, {}, True, Manner.LIVE),
        (-1, {}, True, Manner.LIVE),
        (0, {"TERM": "dumb"}, True, Manner.QUIET),
        (0, {}, False, Manner.QUIET),
        (-1, {"CI": "true"}, False, Manner.AREAS),
        (0, {"CI": "true"}, True, Manner.AREAS),
        (0, {"BUILD_NUMBER": "7"}, False, Manner.AREAS),
        (-2, {"CI": "true"}, True, Manner.QUIET),
        (1, {"CI": "true"}, True, Manner.PYTEST),
    ],
)
def test_how_a_run_tells_of_its_progress(
    verbose: int,
    variables: Mapping[str, str],
    is_terminal: bool,  # noqa: FBT001 -- a parameter of the cases
    manner: Manner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout", SimpleNamespace(isatty=lambda: is_terminal))
    config = SimpleNamespace(option=SimpleNamespace(verbose=verbose))
    assert manner_of(cast("Any", config)) is manner


def test_the_live_line_follows_a_wait_and_is_taken_away() -> None:
    controller, terminal = os.openpty()
    line = LiveLine(terminal, lambda width: f"{wait.what if (wait := current_wait()) else width}")
    line.show()
    shown = ""

    def has(text: str) -> bool:
        nonlocal shown
        shown += os.read(controller, 1000).decode()
        return text in shown

    assert wait_for(lambda: has("80"), 5)  # a terminal that tells no width
    with announced("measuring", 240, is_measuring=True):
        assert wait_for(lambda: has("measuring"), 5)
    started = time.monotonic()
    line.close()
    line.close()
    assert time.monotonic() - started < 5
    assert wait_for(lambda: has("\r\x1b[2K") and shown.endswith("\x1b[2K"), 5)
    os.close(controller)
    os.close(terminal)


def test_a_live_line_survives_its_terminal() -> None:
    controller, terminal = os.openpty()
    line = LiveLine(terminal, str)
    os.close(controller)
    line.show()
    line.close()
    os.close(terminal)


def test_what_is_said_of_a_wait_without_a_check() -> None:
    wait = Wait("starting the target", 30, time.monotonic() + 30)
    assert str(Doing("", wait)) == "starting the target (at most 30 s)"


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "in parallel"])
def test_a_terminal_sees_the_line_and_then_the_table(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    profile = tmp_path / "profile.toml"
    profile.write_text(PROFILE, "utf-8")
    controller, terminal = os.openpty()
    seen, alone = bytearray(), {} if workers else UNPLUGGED
    with serving(OpenToAll) as url:
        words = (f"--target={url}", f"--profile={profile}", f"--report={tmp_path}", "--area=AUTH")
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "conformance", "-q", *workers, *words],
            cwd=ROOT,
            env={**environment(), **alone, "TERM": "xterm", "CI": "", "BUILD_NUMBER": ""},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        )
        os.close(terminal)
        deadline = time.monotonic() + 60
        try:
            while time.monotonic() < deadline and (some := os.read(controller, 65536)):
                seen += some
        except OSError:  # Linux says so that nobody writes any more
            pass
        os.close(controller)
        assert process.wait(60) == 1
    before, _, after = seen.decode().rpartition("\x1b[2K")
    assert f" of {sum(one.area == 'AUTH' for one in requirements().values())}  " in before
    # The line is written now and then: how many have failed by then is the machine's affair.
    assert re.search(r"  [1-9]\d* failed", before)
    assert "AUTH-" in before
    assert "almost done" in before
    assert "total" in after
    assert "pass" not in before


def test_a_ci_log_has_a_line_an_area(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with serving(Good) as url:
        found = judge(tmp_path, f"--target={url}", "--area=AUTH,OPS", profile=PROFILE)
    told = [line for line in found.output.splitlines() if line.startswith(("AUTH:", "OPS:"))]
    assert [line.split(" (")[0] for line in told] == [
        "AUTH:   17 pass, 4 not assessed",
        "OPS:    1 fail, 8 not assessed",
    ]
    assert "\r" not in found.output


def test_a_file_gets_the_summary_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)
    with serving(Good) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=AUTH-01", profile=PROFILE)
    lines = [line for line in found.output.splitlines() if line]
    assert lines[0].startswith("====")
    assert [line.split()[0] for line in lines[1:]] == ["area", "AUTH", "total", "report:"]
