"""Gives a target that the run has started one core, and the judge the others, while it is timed.

The threads of a server hand a request to one another. Where each runs on whatever core is free, how
long the next one takes to wake differs from request to request and says nothing about a credential:
that was most of what a measurement had to average away. On two shared cores, 2,000 blocks each way
in turns of 50, the reference server took 3.3 ms for a refusal and 7.6 s a thousand blocks to leave
an interval of ±50 µs; confined, 2.3 ms and 5.4 s for ±21 µs: an eighth of the time for the same
decision. What differs on one core differs wherever there is no core to spare, as under load.
"""

from __future__ import annotations

import contextlib
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    Cores = set[int]

_PASSES = 5
"""Threads may begin others while they are being confined; those then need another pass."""


@contextmanager
def apart(session: int | None) -> Generator[int | None]:
    """Confine the processes of a session to one core and this thread to the others; yield the core.

    A database that leads a session of its own stays where it is. None where no session is given,
    there is no choice of cores, or the system is not Linux. All of it is undone at the end, for
    threads, too, that began meanwhile. To be tried before it is used (``aid``).
    """
    theirs = _cores(session)
    if session is None or len(theirs) < 2:  # noqa: PLR2004 -- a choice
        yield None
        return
    ours, core = _cores(0), sorted(theirs)[1]  # not the first, which takes most interrupts
    before: dict[int, Cores] = {}
    try:
        _confine(session, core, before)
        _place(0, ours - {core} or ours)
        yield core
    finally:
        _place(0, ours)
        for thread in _threads(session):
            _place(thread, before.get(thread, theirs))


def _confine(session: int, core: int, before: dict[int, Cores]) -> None:
    """Put all threads of a session on a core, and note where each was."""
    for _ in range(_PASSES):
        new = [thread for thread in _threads(session) if thread not in before]
        for thread in new:
            before[thread] = _cores(thread)
            _place(thread, {core})
        if not new:
            return


def _threads(session: int) -> list[int]:
    """Return the threads of all processes of a session."""
    found: list[int] = []
    for process in psutil.pids():
        with contextlib.suppress(OSError):  # it has ended
            if os.getsid(process) == session:
                tasks = Path(f"/proc/{process}/task").iterdir()
                found += [int(task.name) for task in tasks]
    return found


def _cores(thread: int | None) -> Cores:
    """Return where a thread may run, 0 being this one; none where that cannot be told."""
    if sys.platform == "linux" and thread is not None:
        with contextlib.suppress(OSError):
            return os.sched_getaffinity(thread)
    return set()


def _place(thread: int, cores: Iterable[int]) -> None:
    # It has ended, or is somebody else's: then the measurement takes longer, and that is all.
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setaffinity(thread, cores)
