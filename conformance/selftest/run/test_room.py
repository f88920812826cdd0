"""A report that cannot be written is found before the run, and costs no verdict after it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from conformance.selftest.judging import ROOT, SECONDS, UNPLUGGED, environment
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path

USAGE = 4
SMALL_DISK = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20)); "
"""No file may grow beyond this: as on a disk that is nearly full, small files still can."""
MAIN = "import sys; from conformance.run.command import judge; sys.exit(judge(sys.argv[1:]))"


def hallmark(folder: Path, *words: str, before: str = "") -> tuple[int, str]:
    """Run the command in a folder; return its exit code and words."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", before + MAIN, *words],
        cwd=folder,
        env={**environment(), **UNPLUGGED, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).decode()


@pytest.mark.parametrize("words", [(), ("--report=elsewhere",)])
def test_a_full_disk_is_found_before_the_run(tmp_path: Path, words: tuple[str, ...]) -> None:
    url = "http://127.0.0.1:1/mcp"
    code, said = hallmark(tmp_path, f"--target={url}", *words, before=SMALL_DISK)
    assert code == USAGE, said
    assert "File too large; give a folder of your own" in said
    assert "Traceback" not in said


def test_a_folder_that_cannot_be_made_is_found_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "reports").touch()
    code, said = hallmark(tmp_path, "--target=http://127.0.0.1:1/mcp")
    assert code == USAGE, said
    assert "cannot be written: " in said
    assert "Traceback" not in said


def test_the_verdicts_are_told_when_the_report_can_no_longer_be_written(tmp_path: Path) -> None:
    report = tmp_path / "report"

    class Replaces(Good):
        """Has a file stand where the folder of the report was."""

        def do_POST(self) -> None:
            if report.is_dir():
                report.rmdir()
                report.touch()
            super().do_POST()

    with serving(Replaces) as url:
        words = (f"--target={url}", "--requirement=AUTH-01", f"--report={report}")
        _, said = hallmark(tmp_path, *words)
    head, line, _ = said.partition("no report was written: ")
    assert line, said
    assert "total" in head
    assert "Traceback" not in said


def test_the_latest_reports_are_the_last_run_s_and_a_fleet_s_too(tmp_path: Path) -> None:
    target = '[[target]]\nname = "dead"\nurl = "http://127.0.0.1:9/mcp"\n'
    (tmp_path / "fleet.toml").write_text(target)
    hallmark(tmp_path, "--target=http://127.0.0.1:9/mcp", "--area=OPS")
    (latest,) = tmp_path.rglob("latest")
    assert (latest / "report.html").is_file()
    hallmark(tmp_path, "--targets=fleet.toml", "--area=OPS")
    assert (latest / "index.html").is_file()
    record = (latest / "dead" / "run.jsonl").read_text().splitlines()
    names = [line["id"] for line in map(json.loads, record) if line["kind"] == "finding"]
    assert names == sorted(names), "requirements come in the order of their numbers"
