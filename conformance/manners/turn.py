"""Whose turn it is at the target: a lock on a file, that nobody awaits for ever."""

from __future__ import annotations

import fcntl
import os
from typing import IO

from conformance.waiting import OverdueError, wait_for

_PAUSE = 0.01
_SIGN = "."


def taken(handle: IO[str], *, alone: bool, seconds: float) -> None:
    """Take the lock on a file that is open to append.

    Raises OverdueError when nobody else has let go of it for ``seconds``: a queue of others is no
    reason to give up, one of them that hangs is. What died has let go.
    """
    kind = (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB
    turns = _turns(handle)
    while not wait_for(lambda: _is_taken(handle, kind), seconds, _PAUSE):
        before, turns = turns, _turns(handle)
        if turns == before:
            raise OverdueError("a check of another worker to let go of the target", seconds)


def let_go(handle: IO[str]) -> None:
    """Let go of the lock, and have those who wait for it know that a turn is over."""
    handle.write(_SIGN)
    handle.flush()
    fcntl.flock(handle, fcntl.LOCK_UN)  # bounded: letting go waits for nobody


def _is_taken(handle: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(handle, kind)  # bounded: the caller's kind has LOCK_NB
    except BlockingIOError:
        return False
    return True


def _turns(handle: IO[str]) -> int:
    """Return how many turns are over: a byte of the file each."""
    return os.fstat(handle.fileno()).st_size
