"""Keeps the processor's cores awake while requests to a target beside the judge are timed.

A core with nothing to do between two requests goes to sleep. How long it takes to wake is part of
every time that is measured, differs from request to request, and says nothing about a credential.
So each core gets a process that does nothing, of the scheduling class that gives way to all others
(SCHED_IDLE): a target in the same control group loses nothing to it. Against other groups it counts
like anything in this one, as a busy judge would; a database in another container has less. On two
shared cores, 1,200 blocks each way in turns of 50, the interval of a shift was ±59, 66, 57 and 80
µs wide without and ±34, 45, 43 and 45 µs with: a third to six tenths of the requests for the same
decision.
"""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from conformance.timing.exchange import Endpoint

if TYPE_CHECKING:
    from collections.abc import Generator

MOST_CORES = 8
"""Requests follow one another, so a few cores serve them all, however many there are."""

_IDLING = Path(__file__).with_name("idling.py")
_END_SECONDS = 5.0


@contextmanager
def awake(url: str, seconds: float) -> Generator[list[int]]:
    """Keep the cores this process may use from sleeping; yield the ids of what does so.

    That is nothing where the class of a process is not all that counts: for a target that is not
    seen to run in the judge's own control group, since groups share the processor whatever they do
    with it, and where processor time is rationed, since it would be used up. Nor is there such a
    class on other systems than Linux. It ends after so many seconds, should nobody end it before.
    """
    helper = _helper(math.ceil(seconds)) if _is_wise(url) else None
    if helper is None:
        yield []
        return
    try:
        yield _ids(helper)
    finally:
        _end(helper)


def _is_wise(url: str) -> bool:
    if sys.platform != "linux" or os.sched_getscheduler(0) == os.SCHED_IDLE:
        return False
    return not is_rationed() and runs_beside_us(url)


def _helper(seconds: int) -> subprocess.Popen[bytes] | None:
    cores = sorted(os.sched_getaffinity(0))[:MOST_CORES]
    command = [sys.executable, "-I", "-S", str(_IDLING), str(seconds), *map(str, cores)]
    try:
        return subprocess.Popen(  # noqa: S603 -- our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:  # such as no more processes: a measurement goes without
        return None


def _ids(helper: subprocess.Popen[bytes]) -> list[int]:
    said = b"" if helper.stdout is None else helper.stdout.readline()
    return [int(word) for word in said.split() if word.isdigit()]


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()  # its children end when it has
        process.wait()


def runs_beside_us(url: str, processes: Path = Path("/proc")) -> bool:
    """Tell whether all that listens at a loopback URL's port is in this process's control group."""
    ours = _group(processes / str(os.getpid()))
    groups = [_group(processes / str(pid)) for pid in _listening(Endpoint.of(url).port)]
    return bool(groups) and ours is not None and all(group == ours for group in groups)


def _listening(port: int) -> list[int | None]:
    """Return the processes that listen at a port, None for one of somebody else's."""
    try:
        connections = psutil.net_connections("tcp")
    except (psutil.Error, OSError, RuntimeError, KeyError):  # a sandbox may well hide them
        return []
    return [
        one.pid
        for one in connections
        if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port
    ]


def _group(process: Path) -> list[str] | None:
    """Return where a process stands among those that share the processor; None if unknown."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        lines = (process / "cgroup").read_text("utf-8").splitlines()
        return [line for line in lines if _counts(line.split(":", 2)[1])]
    return None


def _counts(controllers: str) -> bool:
    return not controllers or "cpu" in controllers.split(",")


def is_rationed(
    groups: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")
) -> bool:
    """Tell whether a control group of this process, or one above it, has a quota of CPU time.

    What cannot be seen counts as one. (Those above a container's own are never seen.)
    """
    try:
        lines = groups.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return False  # there are no control groups
    except (OSError, UnicodeDecodeError):
        return True
    return any(_has_quota(root, *line.split(":", 2)[1:]) for line in lines)


def _has_quota(root: Path, controllers: str, path: str) -> bool:
    if not _counts(controllers):
        return False
    # The first version's folders have other names than their lists, and "cpu" for all of them.
    places = (root / controllers, root / "cpu") if controllers else (root,)
    bases = [place for place in places if place.is_dir()]
    return not bases or any(_has_quota_below(base, path) for base in bases)


def _has_quota_below(base: Path, path: str) -> bool:
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
