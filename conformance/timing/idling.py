"""A process of its own that keeps cores from sleeping until its standard input ends.

Its arguments are the cores. It says the ids of its children, one a core, each of which does nothing
in the scheduling class that gives way to everything. It imports nothing of ours, to start at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys

_ROUNDS = 100_000
"""Rounds between two looks at whether anybody still wants this: some milliseconds."""


def main(cores: list[int]) -> None:
    """Keep the cores awake until the input ends, which it does when its writer is killed, too."""
    # Sessions share the processor as groups, with no regard to the class of their members; this is
    # one, and the least of all.
    with contextlib.suppress(OSError), open("/proc/self/autogroup", "w", encoding="ascii") as group:  # noqa: PTH123 -- no import
        group.write("19")
    parent = os.getpid()
    children: list[int] = []
    for core in cores:
        child = os.fork()
        if not child:
            _idle(core, parent)
        children.append(child)
    sys.stdout.write(" ".join(map(str, children)) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _idle(core: int, parent: int) -> None:
    try:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        os.sched_setaffinity(0, {core})
        while os.getppid() == parent:
            for _ in range(_ROUNDS):
                pass
    finally:
        os._exit(0)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]])
