"""Runs the judge as its users do, and weighs it: how long it takes, and how much memory.

Its time is the time that went by, but for what it stood ready and others had the processor.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from conformance.selftest.judging import PROFILE, ROOT, Judged, environment, read

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS, MEBIBYTES = 30, 200
"""What one judgement of a hostile target may cost."""
_LOOK_SECONDS = 0.05
_PATIENCE = 110
"""Seconds after which a run is ended, on a machine that others keep busy."""


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
        scales = _Scales(process)
        try:
            scales.weigh()
        finally:
            process.kill()
            process.wait()
    seconds = time.monotonic() - started - scales.kept_waiting
    judged = read(process.returncode, output.read_bytes(), report)
    return Watched(judged, seconds, scales.peak / (1 << 20))


class _Scales:
    """Looks at a process and all that it starts: ``peak`` in bytes, ``kept_waiting`` in seconds."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process, self._family = process, psutil.Process(process.pid)
        self._delays: dict[int, float] = {}
        self.peak = 0

    @property
    def kept_waiting(self) -> float:
        return sum(self._delays.values())

    def weigh(self) -> None:
        """Look until the process has ended. Raises TimeoutError for one that does not."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            self._look()
            try:
                self._process.wait(_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            return
        raise TimeoutError(f"the judge was not done in {_PATIENCE} s")

    def _look(self) -> None:
        resident = 0
        with suppress(psutil.Error):
            for member in (self._family, *self._family.children(recursive=True)):
                with suppress(psutil.Error, OSError):
                    resident += member.memory_info().rss
                    self._delays[member.pid] = _run_delay(member.pid)
        self.peak = max(self.peak, resident)


def _run_delay(pid: int) -> float:
    """Return the seconds a process was ready to run and did not (Linux, sched-stats.rst)."""
    path = Path(f"/proc/{pid}/schedstat")
    return int(path.read_text("ascii").split()[1]) / 1e9 if path.exists() else 0.0
