"""A disk of a few megabytes, made of memory, that can really be full."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_KEEPER = 'read -r _; umount -l "$1"; rmdir "$1"'
"""Unmounts when its standard input ends, as it does when whoever started it is killed."""
_BLOCK = b"x" * 65_536


@contextmanager
def mounted(folder: Path, megabytes: int) -> Generator[None]:
    """Have an empty folder be a disk of its own for the length of the block; then it is removed.

    The test is skipped where that takes rights which it does not have.
    """
    program = shutil.which("mount")
    if program is None or not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("a disk of its own is mounted by root on Linux alone")
    was = folder.stat()
    options = f"size={megabytes}m,mode=0700,uid={was.st_uid},gid={was.st_gid}"
    words = [program, "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"this machine mounts no disk: {done.stderr.strip()}")
    with subprocess.Popen(
        ["/bin/sh", "-c", _KEEPER, "keeper", str(folder)],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as keeper:
        assert keeper.stdin is not None
        try:
            yield
        finally:
            keeper.stdin.close()
            keeper.wait(10)
    assert not folder.is_mount()


@contextmanager
def filled(folder: Path) -> Generator[None]:
    """Have not a byte left on the disk of a folder for the length of the block."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for block in (_BLOCK, b"x"):
            _write_all(file.fileno(), block)
    try:
        yield
    finally:
        ballast.unlink()


def _write_all(handle: int, block: bytes) -> None:
    while True:
        try:
            os.write(handle, block)
        except OSError:
            return
