"""Keeps the processor's cores awake while requests are timed.

A core with nothing to do between two requests goes to sleep. How long it takes to wake is part of
every time that is measured, differs from request to request, and says nothing about a credential.
So each core gets a process that does nothing, of the scheduling class that gives way to everything
(SCHED_IDLE): a target on the same machine loses nothing to it. On two shared cores, 1,200 blocks
each way in turns of 50, the interval of a shift was ±59, 66, 57 and 80 µs wide without and ±34, 45,
43 and 45 µs with: a half to a quarter of the requests for the same decision.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

MOST_CORES = 8
"""Requests follow one another, so a few cores serve them all, however many there are."""

# Ends with whoever started it, even if that is killed.
_IDLE = """
import os, sys
parent, core = int(sys.argv[1]), int(sys.argv[2])
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
os.sched_setaffinity(0, {core})
while os.getppid() == parent:
    for _ in range(100_000):
        pass
"""


@contextmanager
def awake() -> Generator[list[int]]:
    """Keep the cores this process may use from sleeping; yield the ids of what does so.

    That is nothing where the system has no such scheduling class, or where processor time is
    rationed: there it would be used up, and everybody held back for the rest of each period.
    """
    with ExitStack() as running:
        yield [
            running.enter_context(_keeping(core)) for core in ([] if is_rationed() else _cores())
        ]


@contextmanager
def _keeping(core: int) -> Generator[int]:
    command = [sys.executable, "-I", "-S", "-c", _IDLE, str(os.getpid()), str(core)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)  # noqa: S603
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def _cores() -> list[int]:
    if sys.platform != "linux":
        return []
    return sorted(os.sched_getaffinity(0))[:MOST_CORES]


def is_rationed(
    groups: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")
) -> bool:
    """Tell whether a control group of this process, or one above it, has a quota of CPU time."""
    try:
        lines = groups.read_text("utf-8").splitlines()
    except OSError:
        return False
    return any(_has_quota(root, *line.split(":", 2)[1:]) for line in lines)


def _has_quota(root: Path, controllers: str, path: str) -> bool:
    if controllers and "cpu" not in controllers.split(","):
        return False
    base = root / controllers if controllers else root
    inner = base / path.lstrip("/")
    # In a container the path may be that of the host, of which only the root is mounted.
    folders = (folder for folder in (inner, *inner.parents) if folder.is_relative_to(base))
    return any(_quota(folder) for folder in folders)


def _quota(folder: Path) -> bool:
    for name in ("cpu.max", "cpu.cfs_quota_us"):
        try:
            first = (folder / name).read_text("utf-8").split()[0]
        except (OSError, IndexError):
            continue
        if first.isdecimal():  # neither "max" nor -1
            return True
    return False
