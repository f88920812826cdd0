"""The command as a user runs it writes a file that the judge takes."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from conformance.selftest.judging import ROOT
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path


def run(*words: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=False)


def test_a_file_is_written_once_names_the_schema_and_passes_the_check(tmp_path: Path) -> None:
    out = tmp_path / "p.toml"
    words = ("conformance", "init-profile", f"--out={out}")
    with serving(Good) as url:
        codes = [run(*words, f"--target={url}").returncode for _ in range(2)]
    assert codes == [0, 4]
    word, _, place = out.read_text("utf-8").splitlines()[0].partition(" ")
    assert word == "#:schema"
    schema = (out.parent / place).resolve()
    assert schema == ROOT / "fixtures" / "schemas" / "profile.schema.json"
    done = run("pytest", "conformance", f"--profile={out}", "--check-profile")
    assert done.returncode == 0
    assert b" is valid: " in done.stdout
