"""Bounded waits. Nothing in the judge sleeps: it waits for something, and not for ever."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_NEVER_SET = threading.Event()


def wait_for(look: Callable[[], T], seconds: float, pause: float = 0.02) -> T:
    """Call ``look`` until it is true or ``seconds`` are over; return its last value."""
    deadline = time.monotonic() + seconds
    while not (value := look()) and time.monotonic() < deadline:
        _NEVER_SET.wait(pause)
    return value


def pass_time(seconds: float) -> None:
    """Let real time pass: only for --patience, where the target offers no clock channel."""
    _NEVER_SET.wait(seconds)
