"""A run that depends on the one that started it: when that ends, however it ends, so does this."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from typing import IO, TYPE_CHECKING, Self

import psutil

from conformance.channels.programs import ending
from conformance.channels.programs.running import STOP_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

LIFELINE = "HALLMARKLIFELINE"
END_SECONDS = STOP_SECONDS + 15
"""What a run that is told to end may take: to stop its target, and to write its report."""


class Dependant:
    """Another run of the judge. Use it as a context manager: it ends with the block.

    It holds one end of a pipe, of which we alone hold the other. When that closes, be it because
    the block ends or because we were killed, it interrupts itself as Ctrl-C would. So it needs no
    signal of the terminal, and leads a session of its own: two interrupts are worse than one.
    """

    def __init__(self, command: Sequence[str], folder: Path, output: IO[bytes]) -> None:
        theirs, self._lifeline = os.pipe()
        try:
            with ending.undisturbed() as requests:
                self.process = subprocess.Popen(  # noqa: S603 -- our own suite
                    command,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, LIFELINE: str(theirs)},
                    pass_fds=(theirs,),
                    start_new_session=True,
                )
        finally:
            os.close(theirs)
        self._requests = requests

    def __enter__(self) -> Self:
        if self._requests:
            self._end()
        ending.heed(self._requests)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with ending.undisturbed() as requests:
            self._end()
        ending.heed(requests)

    def _end(self) -> None:
        os.close(self._lifeline)
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            _kill([psutil.Process(self.process.pid)])
            ending.reap(self.process)


def depend() -> None:
    """Interrupt this run when the one that started it is gone; nothing if it was started alone."""
    lifeline = os.environ.pop(LIFELINE, "")
    if lifeline:
        main = threading.main_thread().ident or 0
        threading.Thread(target=_watch, args=(int(lifeline), main), daemon=True).start()


def end_those_of_workers() -> None:
    """Wait until what the workers of pytest-xdist have started has ended, since it was told to.

    By itself pytest-xdist gives a worker a few seconds, and kills it then.
    """
    with ending.undisturbed():
        workers = psutil.Process().children()
        judges = [process for worker in workers for process in _children(worker)]
        for worker in workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.send_signal(signal.SIGINT)
        _, left = psutil.wait_procs(judges, END_SECONDS)
        _kill(left)


def _watch(lifeline: int, main: int) -> None:
    # Nothing is ever written: it returns when the other end is closed.
    os.read(lifeline, 1)  # bounded: by this process's life, in a daemon thread nobody waits for
    signal.pthread_kill(main, signal.SIGINT)


def _children(process: psutil.Process, *, recursive: bool = False) -> list[psutil.Process]:
    try:
        return process.children(recursive=recursive)
    except psutil.NoSuchProcess:
        return []


def _kill(runs: list[psutil.Process]) -> None:
    """Kill runs that do not end, and all that they have started."""
    below = [process for run in runs for process in _children(run, recursive=True)]
    for process in (*runs, *below):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
