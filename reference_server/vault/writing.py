"""Files that nobody else can read, and that nobody ever reads by half."""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

UNFINISHED = ".part"
"""How the name of a file ends that is being written."""


def replace_file(path: Path, content: bytes) -> None:
    """Put a file of mode 0600 in its place in one step (rename, POSIX XSH); it lasts from then."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}{UNFINISHED}")
    number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@contextmanager
def locked(folder: Path, *, at_once: bool = False) -> Generator[None]:
    """Let no other process write in a folder until the block ends; the system ends it with us.

    Waits for who is writing there, or raises BlockingIOError where it is to be ``at_once``.
    """
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | (fcntl.LOCK_NB if at_once else 0))
        yield
    finally:
        os.close(number)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder last."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)
