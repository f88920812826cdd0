"""Programs that are stopped as a frozen host stops them: their connections stay, and are silent."""

from __future__ import annotations

import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def frozen(pid: int | None) -> Generator[None]:
    """Stop a process and all that it started, for the length of the block."""
    assert pid is not None, "it runs"
    first = psutil.Process(pid)
    first.suspend()  # first, so that it starts no other meanwhile
    stopped = [first, *first.children(recursive=True)]
    try:
        for process in stopped[1:]:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        yield
    finally:
        for process in reversed(stopped):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)
