"""A demo in a process of its own, for tests that need all of it."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from reference_server.tests.waiting import becomes_true

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

SECONDS = 60


@contextmanager
def running(path: Path, *words: str) -> Generator[dict[str, Any]]:
    """Run a demo that writes its state file there; yield what that says."""
    command = [sys.executable, "-m", "reference_server", "demo", "--state", str(path), *words]
    demo = subprocess.Popen([*command, "--port", "0"], stdin=subprocess.DEVNULL)
    try:
        assert becomes_true(lambda: path.exists() or demo.poll() is not None, SECONDS)
        assert demo.poll() is None, "the demo ended by itself"
        yield json.loads(path.read_text("utf-8"))
    finally:
        demo.terminate()
        demo.wait(SECONDS)
