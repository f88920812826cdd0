"""Runs forked from a warm parent: each is one by itself, has its time, and ends with the parent."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from conformance.run.options import PACKAGE
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_SECONDS = 60.0


@contextmanager
def _warm() -> Generator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "conformance.run.warm"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=PACKAGE.parent) as warm:
        try:
            yield warm
        finally:
            warm.kill()


def _order(warm: subprocess.Popen[str], output: Path, *words: str, seconds: float) -> None:
    assert warm.stdin is not None
    order = {"words": ["conformance", *words], "output": str(output), "seconds": seconds}
    warm.stdin.write(json.dumps(order) + "\n")
    warm.stdin.flush()


def _answer(warm: subprocess.Popen[str]) -> dict[str, Any]:
    assert warm.stdout is not None
    return json.loads(warm.stdout.readline())


@pytest.fixture
def silent() -> Generator[socket.socket]:
    """A server that takes a request and never answers it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(_SECONDS)
        yield listener


def test_each_run_is_by_itself_and_tells_what_it_has_spent(tmp_path: Path) -> None:
    with _warm() as warm:
        output = tmp_path / "output"
        _order(warm, output, "--check-profile", seconds=_SECONDS)
        good = _answer(warm)
        assert (good["code"], "is valid" in output.read_text()) == (0, True)
        assert 0 < good["cpu"] < _SECONDS
        _order(warm, output, "--area=NOPE", seconds=_SECONDS)
        assert _answer(warm)["code"] == 4
        assert "no such area: NOPE" in output.read_text()
        _order(warm, output, "--check-profile", seconds=_SECONDS)
        assert _answer(warm)["code"] == 0


def test_a_run_that_takes_too_long_is_ended(tmp_path: Path, silent: socket.socket) -> None:
    url = f"--target=http://127.0.0.1:{silent.getsockname()[1]}/mcp"
    with _warm() as warm:
        _order(warm, tmp_path / "output", url, "--requirement=AUTH-01", seconds=1)
        assert _answer(warm)["code"] is None


@pytest.mark.parametrize("ends", ["input", "parent"])
def test_a_run_ends_with_who_asked_for_it(tmp_path: Path, silent: socket.socket, ends: str) -> None:
    url = f"--target=http://127.0.0.1:{silent.getsockname()[1]}/mcp"
    with _warm() as warm:
        _order(warm, tmp_path / "output", url, "--requirement=AUTH-01", seconds=_SECONDS)
        taken, _ = silent.accept()
        (run,) = psutil.Process(warm.pid).children()
        if ends == "parent":
            warm.kill()
        else:
            assert warm.stdin is not None
            warm.stdin.close()
        with taken:
            assert wait_for(lambda: not _lives(run), 20)


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
