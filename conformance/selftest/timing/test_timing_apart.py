"""A target that the run has started has a core while it is timed, and its old cores afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from conformance.timing.apart import apart
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Generator

SECONDS = 30
HAS_A_CHOICE = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="it takes Linux, two cores"
)
# A line makes it begin a thread; its children are one of its session and one of its own.
SERVER = """
import subprocess, sys, threading
wait = [sys.executable, "-c", "import sys; sys.stdin.read()"]
near = subprocess.Popen(wait, stdin=subprocess.PIPE)
far = subprocess.Popen(wait, stdin=subprocess.PIPE, start_new_session=True)
print(near.pid, far.pid, flush=True)
for line in sys.stdin:
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    print("begun", flush=True)
"""


class Server:
    """A process that leads a session, with a child in it and a child that has left it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.pid, self._input, self._output = process.pid, process.stdin, process.stdout
        self.near, self.far = map(int, self._output.readline().split())

    def begin_thread(self) -> None:
        """Have it begin one more, and return when it has."""
        self._input.write(b"\n")
        self._input.flush()
        self._output.readline()

    def ours(self) -> list[set[int]]:
        """Where each thread of the session may run."""
        return [
            os.sched_getaffinity(int(task.name))
            for process in (self.pid, self.near)
            for task in Path(f"/proc/{process}/task").iterdir()
        ]


@pytest.fixture
def server() -> Generator[Server]:
    with subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        yield Server(process)
        process.kill()


@HAS_A_CHOICE
def test_the_session_has_one_core_and_the_judge_the_others(server: Server) -> None:
    everywhere = os.sched_getaffinity(0)
    with apart(server.pid) as core:
        assert core in everywhere
        assert server.ours() == [{core}, {core}]
        assert os.sched_getaffinity(0) == everywhere - {core}
        assert os.sched_getaffinity(server.far) == everywhere
    assert server.ours() == [everywhere, everywhere]
    assert os.sched_getaffinity(0) == everywhere


@HAS_A_CHOICE
def test_threads_get_back_the_cores_that_they_had_and_new_ones_those_of_their_process(
    server: Server,
) -> None:
    everywhere, first = os.sched_getaffinity(0), min(os.sched_getaffinity(0))
    server.begin_thread()
    os.sched_setaffinity(server.near, {first})
    with apart(server.pid) as core:
        server.begin_thread()
        assert server.ours() == [{core}] * 4
    assert server.ours() == [everywhere] * 3 + [{first}]


@HAS_A_CHOICE
def test_all_is_put_back_when_a_measurement_breaks_off(server: Server) -> None:
    everywhere = os.sched_getaffinity(0)
    with pytest.raises(KeyboardInterrupt), apart(server.pid):
        raise KeyboardInterrupt
    assert server.ours() == [everywhere, everywhere]
    assert os.sched_getaffinity(0) == everywhere


@HAS_A_CHOICE
def test_a_target_may_end_meanwhile(server: Server) -> None:
    everywhere = os.sched_getaffinity(0)
    with apart(server.pid):
        for process in (server.pid, server.near):
            psutil.Process(process).kill()
        assert wait_for(lambda: not psutil.pid_exists(server.near), SECONDS)
    assert os.sched_getaffinity(0) == everywhere


@HAS_A_CHOICE
def test_where_there_is_one_core_nothing_is_moved(server: Server) -> None:
    first = {min(os.sched_getaffinity(0))}
    for process in (server.pid, server.near):
        os.sched_setaffinity(process, first)
    with apart(server.pid) as core:
        assert core is None
        assert server.ours() == [first, first]


@pytest.mark.parametrize("session", [None, 2**22 + 1])
def test_without_a_session_nothing_is_moved(session: int | None) -> None:
    with apart(session) as core:
        assert core is None
