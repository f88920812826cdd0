"""A defect shows also where log and trail are read in other ways than the reference server's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reference_server.mutants.benign import exporting
from reference_server.mutants.benign.written import PROFILE
from reference_server.tests.waiting import becomes_true

if TYPE_CHECKING:
    from collections.abc import Generator

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
START_SECONDS = 30.0
JUDGE_SECONDS = 180.0
JSON_AS_TEXT = (
    r'\{"time": "(?P<time>[^"]*)", "level": "(?P<level>\w+)"'
    r'.*"request_id": "?(?P<request_id>[^",]*)'
)
"""Reads the reference server's lines as if they were no JSON."""


@contextmanager
def started(name: str, folder: Path) -> Generator[dict[str, Any]]:
    """Start a mutant and yield what it tells of itself."""
    state = folder / "state.json"
    words = ["reference_server.mutants", name, "--state", str(state), "--port", "0"]
    process = subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT)
    try:
        assert becomes_true(lambda: state.exists() or process.poll() is not None, START_SECONDS)
        yield json.loads(state.read_text("utf-8"))
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def profile_of(told: dict[str, Any], folder: Path) -> Path:
    """Write the variant's profile for a server that does not tell the commands itself."""
    export = json.dumps([sys.executable, "-m", exporting.__name__, told["database"]["auditor"]])
    lines = PROFILE.read_text("utf-8").splitlines()
    changes = {
        'command = { state = "written.trail" }': f"command = {export}",
        'command = { state = "written.log" }': f"command = {json.dumps(['cat', told['log_file']])}",
    }
    text = [
        f"pattern = '{JSON_AS_TEXT}'" if line.startswith("pattern = ") else changes.get(line, line)
        for line in lines
    ]
    path = folder / "profile.toml"
    path.write_text("\n".join(text), "utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "requirements", "fails"),
    [
        ("auth-success-twice", "AUD-02,AUD-03,AUD-13", {"AUD-02", "AUD-13"}),
        ("tool-call-unaudited", "AUD-03,MCP-14", {"AUD-03", "MCP-14"}),
        ("headers-logged", "LOG-01,LOG-02", {"LOG-01"}),
        ("access-log-in-plain-text", "LOG-05,LOG-01", {"LOG-05"}),
    ],
)
def test_a_mutant_fails_what_it_names_by_text_and_lines_too(
    tmp_path: Path, name: str, requirements: str, fails: set[str]
) -> None:
    with started(name, tmp_path) as told:
        words = [f"--profile={profile_of(told, tmp_path)}", f"--state={tmp_path / 'state.json'}"]
        words += [f"--target={told['url']}", f"--requirement={requirements}", "--record-alone"]
        report = tmp_path / "report"
        subprocess.run(
            [sys.executable, "-m", "pytest", "conformance", "-q", f"--report={report}", *words],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            timeout=JUDGE_SECONDS,
            check=False,
        )
    lines = [json.loads(line) for line in (report / "run.jsonl").read_text("utf-8").splitlines()]
    verdicts = {line["id"]: line["verdict"] for line in lines if "verdict" in line}
    assert verdicts == {one: "fail" if one in fails else "pass" for one in requirements.split(",")}
