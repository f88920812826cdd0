"""Waits for something to become true, with a bound."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

_TICK_SECONDS = 0.02


def becomes_true(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Return whether the condition held within the time, asking often."""
    never = threading.Event()
    for _ in range(int(seconds / _TICK_SECONDS)):
        if condition():
            return True
        never.wait(_TICK_SECONDS)
    return condition()


def has_ended(process: psutil.Process) -> bool:
    """Return whether it runs no more; a dead one may stay listed until its parent looks."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
