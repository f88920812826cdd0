"""How a run ends: asked to by a signal or not, it takes with it all that it has started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import psutil

from conformance.waiting import OverdueError, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
REQUESTS = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))
"""The signals by which a terminal, a shell or a CI system asks a program to end."""

_LEAST_SECONDS = 2.0
"""What the children of a process have to end in once it has ended itself."""
REAP_SECONDS = 10.0
"""What the system has to end a process in that was killed."""


class _Listener:
    """A handler that notes each request to end, also for the listener whose place it takes."""

    def __init__(self, before: Mapping[int, object], came: list[int]) -> None:
        self.came = came
        self.interrupts = False
        self._before = before

    def __call__(self, number: int, _: object) -> None:
        self.note(number)
        if self.interrupts:
            raise KeyboardInterrupt

    def note(self, number: int) -> None:
        """Note a request, and have whose place this takes note it."""
        self.came.append(number)
        outer = self._before[number]
        if isinstance(outer, _Listener):
            outer.note(number)


@contextlib.contextmanager
def as_interrupts(came: list[int]) -> Generator[None]:
    """Have every request to end interrupt the block, as Ctrl-C does, and be added to a list.

    A CI job that is cut short, or a terminal that is closed, would otherwise leave behind what the
    run has started. What is ignored already (``nohup``), or handled by somebody, stays so.
    """
    by_default = (signal.SIG_DFL, signal.default_int_handler)
    before = {number: was for number, was in _handlers().items() if was in by_default}
    with _listening(before, came) as listener:
        listener.interrupts = True
        try:
            yield
        finally:
            listener.interrupts = False


@contextlib.contextmanager
def undisturbed() -> Generator[list[int]]:
    """Let no request to end break into the block; those that come are listed, for the block's end.

    Nobody is patient with a program that cleans up: a second Ctrl-C is common, and CI systems send
    SIGTERM some seconds after SIGINT. Keep the block's duration bounded: only SIGKILL ends it.
    """
    came: list[int] = []
    with _listening(_handlers(), came):
        yield came


@contextlib.contextmanager
def _listening(
    before: Mapping[int, Callable[..., object] | int], came: list[int]
) -> Generator[_Listener]:
    """Put a listener in the place of these handlers, for as long as the block lasts."""
    listener = _Listener(before, came)
    try:
        for number in before:
            # Not SIG_IGN: a process that is started in the block would inherit it.
            signal.signal(number, listener)
        yield listener
    finally:
        _restore(before)


def heed(requests: list[int]) -> None:
    """Do late what requests ask for that came while nothing might be disturbed."""
    if requests:
        raise KeyboardInterrupt


def end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """End a process that leads a session, and all that is left of its group, in so many seconds.

    It alone is asked first: a server ends its own workers best. A shell script does not, so what it
    leaves is asked too; what does not heed that is killed. Harmless when all has ended already.
    """
    deadline = time.monotonic() + seconds
    with undisturbed():
        if process.poll() is None:
            process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            _tell(process, signal.SIGTERM)
            left = max(deadline - time.monotonic(), _LEAST_SECONDS)
            wait_for(lambda: not _family(process.pid), left)
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads a session, and its group, at once."""
    if sys.platform == "win32":
        process.kill()
    else:
        _tell(process, signal.SIGKILL)
    reap(process)


def reap(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process that was killed. Raises OverdueError where the system does not end it.

    One that hangs in the system itself, on a disk that is gone, cannot be killed.
    """
    try:
        process.wait(REAP_SECONDS)
    except subprocess.TimeoutExpired:
        raise OverdueError(f"the end of process {process.pid}, killed", REAP_SECONDS) from None


def _tell(process: subprocess.Popen[bytes], number: int) -> None:
    if sys.platform == "win32":
        return
    # No such group: all have ended. Not permitted: macOS says so of those that nobody has reaped.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _family(group: int) -> bool:
    """Tell whether anything of a group still runs."""
    if sys.platform == "win32":
        return False
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return any(_runs_in(group, process) for process in psutil.process_iter())


def _runs_in(group: int, process: psutil.Process) -> bool:
    """Tell whether a process is of a group, and more than a name that nobody has reaped."""
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, PermissionError, psutil.Error):
        return False


def _handlers() -> dict[int, Callable[..., object] | int]:
    """Return what is done at each request to end that is heeded; nothing off the main thread."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    found = {number: signal.getsignal(number) for number in REQUESTS}
    return {
        number: handler
        for number, handler in found.items()
        if handler is not None and handler is not signal.SIG_IGN
    }


def _restore(before: Mapping[int, Callable[..., object] | int]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)  # type: ignore[arg-type]
