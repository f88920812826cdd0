"""A target that a run has started ends with it, however the run ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from conformance.selftest.judging import ROOT
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

SECONDS = 60
TARGET = """
import os, pathlib, socket, sys
state, told, is_ready = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3] == "ready"
with socket.create_server(("127.0.0.1", 0)) as silent:
    if is_ready:
        state.write_text('{"url": "http://127.0.0.1:%d/mcp"}' % silent.getsockname()[1])
    told.with_suffix(".new").write_text(str(os.getpid()))
    told.with_suffix(".new").replace(told)
    while True:
        silent.accept()[0].recv(1)
"""


@pytest.fixture
def told(tmp_path: Path) -> Generator[Path]:
    """Where the target tells its process id; whatever a test left of it is ended."""
    path = tmp_path / "pid"
    yield path
    if path.exists() and psutil.pid_exists(pid := int(path.read_text())):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="nobody is asked to end by a signal there")
@pytest.mark.parametrize("word", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("readiness", ["ready", "never"])
def test_a_run_that_is_ended_ends_its_target(
    tmp_path: Path, told: Path, word: signal.Signals, readiness: str
) -> None:
    """Once while it is asked its first question, once while it is still awaited."""
    script, profile = tmp_path / "target.py", tmp_path / "profile.toml"
    script.write_text(TARGET, "utf-8")
    command = ["{python}", str(script), "{state}", str(told), readiness]
    url = '[target]\nurl = { state = "url" }\n'
    profile.write_text(f"{url}[start]\ncommand = {command}\n", "utf-8")
    judge = subprocess.Popen(
        [
            *(sys.executable, "-m", "pytest", "conformance", "-q", "-p", "no:cacheprovider"),
            *(f"--profile={profile}", f"--report={tmp_path / 'report'}"),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert wait_for(told.exists, SECONDS)
        judge.send_signal(word)
        assert judge.wait(SECONDS) == 2
    finally:
        judge.kill()
        judge.wait()
    assert not psutil.pid_exists(int(told.read_text()))
