"""The benchmark's servers of several shapes, and the table of what was said of their leaks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from conformance.channels.programs.running import start
from conformance.profile.target import Start
from conformance.timing import benchmark
from conformance.timing.shapes import table
from conformance.timing.shapes.planting import NAMES, Leak, addresses, planting
from conformance.timing.shapes.table import (
    SHAPES,
    CannotError,
    Effort,
    Row,
    Table,
    autogroup,
    is_false,
    tabulate,
)
from conformance.timing.statistics import Rule, histogram, medians
from conformance.timing.verdict import Measurement, Outcome, Planted, Shift

if TYPE_CHECKING:
    from pathlib import Path


def measured(shift: int, planted: float = 100) -> Measurement:
    times = np.random.default_rng(3).normal(2e6, 5e4, (500, 2)).astype(np.int64)
    times[:, 1] += shift
    return Measurement(
        (Rule().look(times, NAMES),),
        medians(times, NAMES),
        histogram(times, NAMES),
        0.06,
        1.0,
        reconnected=False,
        planted=Planted(100, Shift(planted, planted - 10, planted + 10)),
    )


@pytest.mark.parametrize("shape", ["loop", "pool", "split", "tick", "mixed"])
def test_a_server_of_each_shape_leaks_what_it_is_told(shape: str) -> None:
    running = start(Start(command=(*table.SERVER, shape), ready_seconds=30), table.ROOT)
    supply = addresses()
    try:
        url = json.loads(running.state.read_text("utf-8"))["url"]
        sampler = planting(url, Leak(20_000), lambda: next(supply))
        sampler.collect(30)
    finally:
        running.stop()
    plain, slower = (float(np.median(sampler.times[:, i])) / 1e6 for i in (0, 1))
    assert slower - plain > 10
    assert {status for _, status in sampler.statuses} == {401}


def test_what_is_planted_once_in_a_while_is_found_as_that() -> None:
    from conformance.timing.shapes.server import planted

    request = b"POST /mcp HTTP/1.1\r\nX-Planted-Delay: 00300/001\r\nX: y"
    assert planted(request) == 300
    assert planted(b"POST /mcp HTTP/1.1\r\nX: y") == 0
    rare = request.replace(b"/001", b"/100")
    assert 0 < sum(planted(rare) > 0 for _ in range(5000)) < 200


def test_a_verdict_is_false_by_what_it_says_itself() -> None:
    passed, failed, doubted = measured(0), measured(200_000), measured(0, planted=20)
    assert (passed.outcome, failed.outcome) == (Outcome.SAME, Outcome.LEAK)
    assert doubted.outcome is Outcome.UNDECIDED
    assert not is_false(passed, Leak(0))
    assert not is_false(passed, Leak(40))
    assert is_false(passed, Leak(60))
    assert is_false(passed, Leak(1000, 10))
    assert not is_false(passed, Leak(1000, 100))
    assert is_false(failed, Leak(0))
    assert not is_false(failed, Leak(60))
    assert not any(is_false(doubted, Leak(size)) for size in (0, 60))


def test_the_table_counts_and_says_what_was_false() -> None:
    row = Row("split", Leak(60))
    row.add(measured(200_000))
    row.add(measured(0))
    found = Table((row, Row("loop", Leak(0))), ("grouped: left out, since it cannot be",))
    assert found.is_false
    lines = str(found).splitlines()
    assert lines[1].split() == ["split", "60", "µs", "1", "1", "0", "1"]
    assert lines[-2:] == ["grouped: left out, since it cannot be", "false: 1 of 2 verdicts"]
    assert not Table((Row("loop", Leak(0)),), ()).is_false


@pytest.mark.parametrize(("false", "code"), [(0, 0), (1, 1)])
def test_the_benchmark_ends_with_1_where_anything_was_false(
    false: int, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = Row("loop", Leak(0), false=false)

    def made(*_: object) -> Table:
        return Table((row,), ())

    monkeypatch.setattr(benchmark, "tabulate", made)
    assert benchmark.main(["--targets=all"]) == code
    assert "target" in capsys.readouterr().out


def test_a_shape_that_is_none_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        benchmark.main(["--targets=loop,cube"])
    assert "'cube': there are loop, pool" in capsys.readouterr().err


def test_a_benchmark_of_one_shape_goes_through() -> None:
    told = list[str]()
    found = tabulate([SHAPES["loop"]], [Leak(3000)], Effort(1, 20), told.append)
    [row] = found.rows
    assert row.said == {"fail": 1}
    assert not found.is_false
    assert "tells them apart" in told[0]


def test_autogroup_is_put_back(tmp_path: Path) -> None:
    switch = tmp_path / "switch"
    switch.write_text("1\n", "ascii")
    with autogroup(is_on=None, switch=tmp_path / "none"):
        pass
    with autogroup(is_on=False, switch=switch):
        assert switch.read_text("ascii") == "0\n"
    assert switch.read_text("ascii") == "1\n"
    with pytest.raises(KeyboardInterrupt), autogroup(is_on=False, switch=switch):
        raise KeyboardInterrupt
    assert switch.read_text("ascii") == "1\n"


def test_where_autogroup_cannot_be_switched_that_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(CannotError, match="No such file"),
        autogroup(is_on=True, switch=tmp_path / "none"),
    ):
        pytest.fail("it was switched")


def test_where_there_are_no_control_groups_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "_GROUPS", (tmp_path,))
    found = tabulate([SHAPES["split-grouped"]], [Leak(0)], Effort(1, 20), lambda _: None)
    assert found.rows == ()
    assert found.skipped == ("split-grouped: left out, since there are no control groups",)
