"""One command brings the generated files up to date, and takes nothing away."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from conformance.__main__ import main
from conformance.catalogue import requirements
from conformance.run import refreshing
from conformance.run.refreshing import refresh
from conformance.selftest.records import finding, header, whole, write

if TYPE_CHECKING:
    from pathlib import Path

NAME = {"name": "Hallmark reference server", "url": "http://127.0.0.1:9/mcp"}


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds the generated files, all stale, and no record."""
    counts = {name: {"POST mcp": 1} for name in requirements()} | {"GONE-01": {}}
    texts = {refreshing.TRAFFIC: counts, refreshing.SECONDS: dict.fromkeys(requirements(), 0.5)}
    for path, value in texts.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(json.dumps(value), "utf-8")
    for path in refreshing.derived():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr("conformance.drafting.preparing.refresh", partial(refresh, root=tmp_path))
    return tmp_path


def counts(clone: Path) -> dict[str, Any]:
    return json.loads((clone / refreshing.TRAFFIC).read_text("utf-8"))


def record(clone: Path, *lines: Any, **changes: Any) -> Path:
    return write(clone, [header(target=NAME, **changes), *whole(list(lines))[1:]])


def test_what_was_measured_replaces_its_own_and_nothing_else(clone: Path) -> None:
    passed = finding("AUTH-01", sent={"POST mcp": 7, "GET mcp": 2})
    path = record(clone, passed, finding("AUTH-02", "fail", sent={"POST mcp": 9}))
    assert main(["refresh", str(path)]) == 0
    found = counts(clone)
    assert found.pop("AUTH-01") == {"GET mcp": 2, "POST mcp": 7}
    assert found == {name: {"POST mcp": 1} for name in requirements() if name != "AUTH-01"}
    for name, text in refreshing.derived().items():
        assert (clone / name).read_text("utf-8") == text
    assert (
        json.loads((clone / refreshing.SECONDS).read_text("utf-8")).keys() == requirements().keys()
    )


@pytest.mark.parametrize(
    ("known", "seconds", "is_news"),
    [(None, 0.1, True), (0.1, 0.9, False), (4.0, 6.0, False), (4.0, 9.0, True), (9.0, 4.0, True)],
)
def test_seconds_change_where_they_are_far_off(
    known: float | None, seconds: float, *, is_news: bool
) -> None:
    assert refreshing.is_news(known, seconds) is is_news


def test_the_latest_record_is_taken_where_none_is_named(clone: Path) -> None:
    (clone / refreshing.LATEST).parent.mkdir(parents=True)
    record((clone / refreshing.LATEST).parent, finding("AUTH-01", sent={"POST mcp": 7}))
    assert main(["refresh"]) == 0
    assert counts(clone)["AUTH-01"] == {"POST mcp": 7}


def test_without_a_record_the_counts_stay(clone: Path) -> None:
    assert main(["refresh"]) == 0
    assert counts(clone) == {name: {"POST mcp": 1} for name in requirements()}


def test_what_was_never_measured_is_named(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clone / refreshing.TRAFFIC).write_text("{}", "utf-8")
    path = record(clone, *(finding(name) for name in requirements() if name != "AUTH-03"))
    assert main(["refresh", str(path)]) == 4
    assert "run pytest conformance --requirement=AUTH-03, and" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"target": {"name": "other", "url": "http://127.0.0.1:9/"}}, "is of 'other', not of"),
        ({"command": ["pytest", "conformance", "--mutant=x"]}, "is of a mutant"),
    ],
)
def test_a_run_of_another_server_is_refused(
    clone: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], sentence: str
) -> None:
    path = write(clone, [header(**({"target": NAME} | changes)), finding()])
    assert main(["refresh", str(path)]) == 4
    assert sentence in capsys.readouterr().err
    assert "GONE-01" in counts(clone)


def test_what_is_no_record_is_one_sentence(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = clone / "broken.jsonl"
    path.write_text('{"kind": "finding"}\n', encoding="utf-8")
    assert main(["refresh", str(path)]) == 4
    assert "a finding line where none can be" in capsys.readouterr().err


MADE = [refreshing.SCHEMA, refreshing.REFERENCE, refreshing.CHECKLIST]


@pytest.mark.parametrize("path", MADE)
def test_what_is_made_from_the_catalogue_is_fresh(path: Path) -> None:
    found = (refreshing.ROOT / path).read_text("utf-8")
    made = refreshing.derived()
    assert made.keys() == set(MADE)
    assert found == made[path], f"it is stale: run {refreshing.COMMAND}"


@pytest.mark.parametrize("path", [refreshing.TRAFFIC, refreshing.SECONDS])
def test_each_requirement_was_measured(path: Path) -> None:
    found = json.loads((refreshing.ROOT / path).read_text("utf-8"))
    stale = ",".join(sorted(found.keys() ^ requirements().keys()))
    assert not stale, f"run pytest conformance --requirement={stale}, then {refreshing.COMMAND}"
