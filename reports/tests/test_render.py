"""The command: where the documents go, and what is left when there are none."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from conformance.selftest.records import finding, mixed, whole, write
from reports import render_all
from reports.__main__ import main
from reports.errors import KillMatrixError
from reports.render import FILE_NAMES, UnwritableReportError

if TYPE_CHECKING:
    from pathlib import Path

KILL: dict[str, Any] = {
    "name": "mutant-one",
    "names": ["AUTH-02"],
    "failed": ["AUTH-02"],
    "exact": True,
    "seconds": 1.0,
}


def _matrix(path: Path, rows: Any) -> Path:
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


def test_all_documents_are_written_beside_the_record(tmp_path: Path) -> None:
    written = render_all(write(tmp_path, whole(mixed(), 1)))

    assert written == {name: tmp_path / name for name in FILE_NAMES}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*FILE_NAMES, "run.jsonl"])


def test_the_command_prints_what_it_wrote(tmp_path: Path) -> None:
    record = write(tmp_path, whole(mixed(), 1))
    words = [sys.executable, "-m", "reports", "render", str(record), "--out", str(tmp_path / "a/b")]

    done = subprocess.run(words, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    *paths, what, why = done.stdout.splitlines()
    assert paths == [str(tmp_path / "a/b" / name) for name in FILE_NAMES]
    assert what == "results.sarif leaves something out: RLS (nothing of it was decided)."
    assert "close" in why


def test_a_corrupt_record_leaves_no_older_report_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = write(tmp_path, whole([finding()]))
    assert main(["render", str(record)]) == 0
    record.write_text("{\n", encoding="utf-8")
    capsys.readouterr()

    assert main(["render", str(record)]) == 2

    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "line 1 is not JSON\n")
    assert [path.name for path in tmp_path.iterdir()] == ["run.jsonl"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    record = write(tmp_path, whole([finding()]))
    (tmp_path / "file").touch()

    with pytest.raises(UnwritableReportError):
        render_all(record, tmp_path / "file")
    record.write_text("{\n", encoding="utf-8")
    with pytest.raises(UnwritableReportError):
        render_all(record, tmp_path / "file")


@pytest.mark.parametrize("place", [".", ".."])
def test_a_kill_matrix_nearby_is_shown(place: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    _matrix(folder / place / "kill-matrix.json", [KILL])

    written = render_all(write(folder, whole(mixed(), 1)))

    assert "mutant-one" in written["report.html"].read_text("utf-8")


def test_a_kill_matrix_that_was_asked_for_is_shown(tmp_path: Path) -> None:
    record = write(tmp_path, whole(mixed(), 1))
    given = _matrix(tmp_path / "given.json", [KILL])

    assert main(["render", str(record), "--kill-matrix", str(given)]) == 0

    assert "mutant-one" in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.parametrize(
    "rows",
    [
        {},
        [1],
        [KILL | {"names": "AUTH-02"}],
        [KILL | {"failed": [1]}],
        [KILL | {"exact": "yes"}],
        [{key: value for key, value in KILL.items() if key != "name"}],
    ],
)
def test_an_unfit_kill_matrix_is_refused_if_asked_for_and_told_of_if_found(
    rows: Any, tmp_path: Path
) -> None:
    record = write(tmp_path, whole(mixed(), 1))
    matrix = _matrix(tmp_path / "kill-matrix.json", rows)

    with pytest.raises(KillMatrixError):
        render_all(record, matrix=matrix)
    assert "No kill matrix is shown" in render_all(record)["report.html"].read_text("utf-8")


def test_a_kill_matrix_that_is_absent_or_no_json_is_refused(tmp_path: Path) -> None:
    record = write(tmp_path, whole(mixed(), 1))

    with pytest.raises(KillMatrixError, match="cannot be read"):
        render_all(record, matrix=tmp_path / "absent.json")
    with pytest.raises(KillMatrixError, match="not JSON"):
        render_all(record, matrix=record)
