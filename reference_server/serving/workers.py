"""Several worker processes behind one port: started, replaced when they die, ended together."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reference_server.observability.logs import log_event

if TYPE_CHECKING:
    from collections.abc import Callable

END_SECONDS = 10.0
"""How long the workers may take to drain and end, before they are killed."""

YOUNG_SECONDS = 5.0
"""A worker that dies younger than this would do so again: then all of them end."""

EXIT_CRASHED = 1

_HEARD = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}


def supervise(count: int, work: Callable[[], int]) -> int:
    """Run ``work`` in ``count`` forked processes until SIGTERM or SIGINT; return the exit code.

    Call it before any thread is started: a fork copies none of them, and all of their locks. What
    ``work`` uses must be opened in it. A worker ends by itself when its supervisor is gone.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
    lifeline = os.pipe()
    try:
        return _Crew(count, work, lifeline, before).run()
    finally:
        for end in lifeline:
            os.close(end)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@dataclass
class _Crew:
    """The workers, by process id, with the moment each was started."""

    count: int
    work: Callable[[], int]
    lifeline: tuple[int, int]
    mask: set[signal.Signals | int]
    started: dict[int, float] = field(default_factory=dict[int, float])

    def run(self) -> int:
        for _ in range(self.count):
            self._start()
        while signal.sigwait(_HEARD) == signal.SIGCHLD:
            if not self._replace_dead():
                self._end()
                return EXIT_CRASHED
        self._end()
        return 0

    def _start(self) -> None:
        worker = os.fork()
        if worker == 0:
            self._be_worker()
        self.started[worker] = time.monotonic()

    def _be_worker(self) -> None:
        """Work, and never return into the supervisor's code."""
        code = EXIT_CRASHED
        try:
            for number in _HEARD:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, self.mask)
            os.close(self.lifeline[1])
            threading.Thread(target=_end_with, args=(self.lifeline[0],), daemon=True).start()
            code = self.work()
        except BaseException as error:  # noqa: BLE001 -- nothing may unwind into the supervisor
            log_event("worker_failed", None, logging.ERROR, error=error)
        finally:
            os._exit(code)

    def _replace_dead(self) -> bool:
        """Start anew what has died; False when one died too young for that to help."""
        for worker in self._reap(os.WNOHANG):
            age = time.monotonic() - self.started.pop(worker)
            log_event("worker_died", None, logging.ERROR, pid=worker, age=round(age, 1))
            if age < YOUNG_SECONDS:
                return False
            self._start()
        return True

    def _reap(self, options: int) -> list[int]:
        found: list[int] = []
        for worker in self.started:
            pid, _ = os.waitpid(worker, options)
            if pid:
                found.append(pid)
        return found

    def _end(self) -> None:
        """Ask all to end and wait for them; kill those that take too long."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + END_SECONDS
        while self.started:
            for worker in self._reap(os.WNOHANG):
                del self.started[worker]
            left = deadline - time.monotonic()
            if self.started and left <= 0:
                self._signal(signal.SIGKILL)
                self._reap(0)
                return
            if self.started:
                signal.sigtimedwait({signal.SIGCHLD}, left)

    def _signal(self, number: signal.Signals) -> None:
        for worker in self.started:
            os.kill(worker, number)


def _end_with(lifeline: int) -> None:
    os.read(lifeline, 1)  # returns when the supervisor, which alone can write, is gone
    os.kill(os.getpid(), signal.SIGTERM)
