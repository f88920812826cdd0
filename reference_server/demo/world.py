"""Programs of the judge's that the demo starts: what stands around a server."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_END_SECONDS = 3.0


@contextlib.contextmanager
def world(part: str, port: int, control: Path, *words: str) -> Generator[None]:
    """Have ``python -m conformance.world PART`` run until the block ends."""
    command = [sys.executable, "-m", "conformance.world", part, f"--port={port}"]
    command += [f"--control={control}", *words, "--until-input-ends"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 -- the judge's own
    try:
        yield
    finally:
        _end(process)


def write_secret(path: Path, value: str | bytes) -> None:
    """Write a file that nobody else can read."""
    path.touch(mode=0o600)
    path.write_bytes(value.encode() if isinstance(value, str) else value)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
