"""Runs the judge as its users do, in a process of its own, and reads what it wrote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.selftest.targets import KEYS, REVOKED

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
SECONDS = 120

PROFILE = """
[target]
url = "http://127.0.0.1/"
[tenants.a]
id = "tenant-a"
key = { env = "KEY_A" }
revoked_key = { env = "KEY_REVOKED" }
[tenants.b]
id = "tenant-b"
key = { env = "KEY_B" }
[tools]
ping = "ping"
"""


@dataclass(frozen=True)
class Judged:
    """One run: its exit code, what it printed, and its record's lines."""

    code: int
    output: str
    lines: list[dict[str, object]]
    folder: Path

    @property
    def verdicts(self) -> dict[str, str]:
        """Return each requirement's verdict."""
        return {str(one["id"]): str(one["verdict"]) for one in self.lines if "verdict" in one}


def judge(folder: Path, *words: str, profile: str | None = None) -> Judged:
    """Run ``pytest conformance`` with some words more."""
    report = folder / "report"
    command = [sys.executable, "-m", "pytest", "conformance", "-q", f"--report={report}", *words]
    if profile is not None:
        path = folder / "profile.toml"
        path.write_text(profile, encoding="utf-8")
        command.append(f"--profile={path}")
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, timeout=SECONDS, check=False
    )
    return read(done.returncode, done.stdout + done.stderr, report)


def read(code: int, output: bytes, report: Path) -> Judged:
    """Return a run that has ended, from what it printed and the record it wrote."""
    record = report / "run.jsonl"
    # Lines end with LF alone: other separators may stand in what a target said.
    lines = record.read_text("utf-8").split("\n")[:-1] if record.exists() else []
    words = output.decode("utf-8", "replace")
    return Judged(code, words, [json.loads(line) for line in lines], report)


def environment() -> Mapping[str, str]:
    """Return the environment of a run: the profile's keys are in it."""
    key_a, key_b = KEYS
    return os.environ | {"KEY_A": key_a, "KEY_B": key_b, "KEY_REVOKED": REVOKED}
