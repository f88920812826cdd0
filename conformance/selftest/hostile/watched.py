"""Runs the judge as its users do, and weighs it: how long it takes, and how much memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from conformance.selftest.judging import PROFILE, ROOT, Judged, environment, read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SECONDS, MEBIBYTES = 30, 200
"""What one judgement of a hostile target may cost."""
_LOOK_SECONDS = 0.05
_PATIENCE = 2 * SECONDS


@dataclass(frozen=True)
class Watched:
    """A run, and what it cost: seconds, and the most memory that all its processes had at once."""

    judged: Judged
    seconds: float
    mebibytes: float


def watch(
    folder: Path,
    url: str,
    *words: str,
    profile: str | None = PROFILE,
    more: Mapping[str, str] | None = None,
) -> Watched:
    """Judge a target by everything there is; ``more`` is added to the environment."""
    report = folder / "report"
    command = [sys.executable, "-m", "pytest", "conformance", "-q", f"--report={report}"]
    command += [f"--target={url}", *words]
    if profile is not None:
        path = folder / "profile.toml"
        path.write_text(profile, encoding="utf-8")
        command.append(f"--profile={path}")
    output, started = folder / "output", time.monotonic()
    with output.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment(), **(more or {})},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
        )
        try:
            peak = _peak(process)
        finally:
            process.kill()
            process.wait()
    seconds = time.monotonic() - started
    judged = read(process.returncode, output.read_bytes(), report)
    return Watched(judged, seconds, peak / (1 << 20))


def _peak(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process; return the most bytes that it and what it started had in memory."""
    peak, deadline = 0, time.monotonic() + _PATIENCE
    family = psutil.Process(process.pid)
    while time.monotonic() < deadline:
        peak = max(peak, _resident(family))
        try:
            process.wait(_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return peak
    raise TimeoutError(f"the judge was not done in {_PATIENCE} s")


def _resident(family: psutil.Process) -> int:
    total = 0
    try:
        members = [family, *family.children(recursive=True)]
    except psutil.Error:
        return 0
    for member in members:
        try:
            total += member.memory_info().rss
        except psutil.Error:
            continue
    return total
