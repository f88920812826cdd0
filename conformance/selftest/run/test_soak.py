"""The soak reads records: only a whole run in which all that is expected passed is clean."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from conformance.run import soak
from conformance.run.soak import blemishes, main, runs_asked, spread
from conformance.selftest.records import finding, header, whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EXPECTED = ("AUTH-01", "AUTH-02")
CLEAN = whole([finding("AUTH-01"), finding("AUTH-02")])


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Write lines into a record."""

    def write(*lines: Any) -> Path:
        record = tmp_path / "run.jsonl"
        record.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        return record

    return write


def test_a_run_in_which_everything_passed_is_clean(written: Callable[..., Path]) -> None:
    assert blemishes(written(*CLEAN), EXPECTED) == []


@pytest.mark.parametrize("verdict", ["fail", "inconclusive", "not assessed"])
def test_any_other_verdict_is_named(written: Callable[..., Path], verdict: str) -> None:
    lines = whole([finding("AUTH-01"), finding("AUTH-02", verdict, reason="a\n  reason")])
    (found,) = blemishes(written(*lines), EXPECTED)
    assert str(found) == f"AUTH-02 {verdict}: a reason"


@pytest.mark.parametrize("verdict", ["Pass", ""])
def test_what_is_no_verdict_is_no_pass(written: Callable[..., Path], verdict: str) -> None:
    (found,) = blemishes(written(header(), finding("AUTH-01", verdict)), EXPECTED)
    assert str(found).startswith("the run left a record that cannot be read")


def test_a_requirement_without_a_verdict_is_named(written: Callable[..., Path]) -> None:
    (found,) = blemishes(written(*whole([finding("AUTH-01")])), EXPECTED)
    assert str(found) == "AUTH-02 got no verdict"


def test_a_record_without_its_footer_is_of_no_whole_run(written: Callable[..., Path]) -> None:
    (found,) = blemishes(written(*CLEAN[:-1]), EXPECTED)
    assert str(found).startswith("the run was cut short")


@pytest.mark.parametrize("text", ["", "{", "[]\n", "null\n", '{"kind": "header"}\n{"kin'])
def test_a_broken_record_is_told(tmp_path: Path, text: str) -> None:
    record = tmp_path / "run.jsonl"
    record.write_text(text, "utf-8")
    (found,) = blemishes(record, EXPECTED)
    assert str(found).startswith("the run left a record that cannot be read")


def test_no_record_at_all_is_told(tmp_path: Path) -> None:
    (found,) = blemishes(tmp_path / "run.jsonl", EXPECTED)
    assert str(found) == "the run left no record"


def test_the_spread_is_told_in_seconds() -> None:
    assert spread([3.0, 1.0, 8.04]) == "min 1.0 s, median 3.0 s, max 8.0 s"


@pytest.mark.parametrize(("told", "runs"), [(None, 10), ("", 10), ("1", 1), (" 25 ", 25)])
def test_the_environment_tells_how_many_runs(told: str | None, runs: int) -> None:
    assert runs_asked(told) == runs


@pytest.mark.parametrize("told", ["0", "-1", "many", "1.5"])
def test_a_wrong_number_of_runs_is_refused(
    told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(soak.VARIABLE, told)
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == soak.USAGE
    assert soak.VARIABLE in capsys.readouterr().err


def test_an_unknown_area_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--area=AUTH,NOWHERE"])
    assert ended.value.code == soak.USAGE
    assert "NOWHERE" in capsys.readouterr().err


def test_every_run_counts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The second of three runs is not clean: the soak tells which it was, and of what."""
    flawed = [soak.Blemish("RATE-06", "inconclusive", "nobody answered")]
    outcomes = iter([[], flawed, []])

    def judge(*_: object) -> list[soak.Blemish]:
        return next(outcomes)

    monkeypatch.setattr(soak, "_judge", judge)
    monkeypatch.setattr(soak, "RECORDS", tmp_path / "soak")
    monkeypatch.setenv(soak.VARIABLE, "3")
    assert main([]) == soak.BROKEN
    told = capsys.readouterr().out
    assert "run 1 of 3: clean" in told
    assert "run 2: RATE-06 inconclusive: nobody answered" in told
    assert "2 clean, 1 not; min " in told
