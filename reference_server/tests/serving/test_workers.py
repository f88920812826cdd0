"""The supervisor of worker processes: it replaces the dead, gives up on the stillborn, ends all."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from reference_server.tests.waiting import becomes_true, has_ended

if TYPE_CHECKING:
    from collections.abc import Generator

PROGRAM = """
import os, signal, sys, threading
from reference_server.serving import workers

workers.YOUNG_SECONDS = float(sys.argv[1])


def work():
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    os.write(1, b"%d\\n" % os.getpid())
    ended.wait()
    return 0


sys.exit(workers.supervise(2, work))
"""


@contextmanager
def _supervisor(young: float) -> Generator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", PROGRAM, str(young)]
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        try:
            yield process
        finally:
            process.kill()


def _next_worker(process: subprocess.Popen[str]) -> psutil.Process:
    assert process.stdout is not None
    return psutil.Process(int(process.stdout.readline()))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_workers(number: signal.Signals) -> None:
    with _supervisor(0) as process:
        crew = [_next_worker(process) for _ in range(2)]
        process.send_signal(number)
        assert process.wait(5) == 0
        assert all(map(has_ended, crew))


def test_a_dead_worker_is_replaced() -> None:
    with _supervisor(0) as process:
        first, second = (_next_worker(process) for _ in range(2))
        first.kill()
        third = _next_worker(process)
        assert third.pid not in {first.pid, second.pid}
        assert not has_ended(second)
        process.terminate()
        assert process.wait(5) == 0
        assert has_ended(third)


def test_a_worker_that_cannot_live_ends_all() -> None:
    with _supervisor(60) as process:
        first, second = (_next_worker(process) for _ in range(2))
        first.kill()
        assert process.wait(5) == 1
        assert has_ended(second)


def test_no_worker_outlives_a_killed_supervisor() -> None:
    with _supervisor(0) as process:
        crew = [_next_worker(process) for _ in range(2)]
        process.kill()
        assert becomes_true(lambda: all(map(has_ended, crew)))
