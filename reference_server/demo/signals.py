"""How the demo ends when it is told to: through every ``finally``."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType

_ENDING = (signal.SIGTERM, signal.SIGINT)


def end_on_signals(stack: contextlib.ExitStack) -> None:
    """Leave through every ``finally`` on SIGTERM and SIGINT, wherever start-up has got to."""

    def leave(number: int, frame: FrameType | None) -> None:
        del number, frame
        ignore_signals()
        raise SystemExit(0)

    for which in _ENDING:
        previous = signal.signal(which, leave)
        stack.callback(signal.signal, which, previous)


def ignore_signals() -> None:
    """Let no second signal break into the cleaning up."""
    for which in _ENDING:
        signal.signal(which, signal.SIG_IGN)


@contextlib.contextmanager
def signals_held() -> Generator[None]:
    """Let a signal wait until the block has ended; no other thread may run yet."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
