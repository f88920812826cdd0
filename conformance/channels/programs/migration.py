"""The migration channel: a migration that must fail, and the way back that it tells."""

from __future__ import annotations

import shlex
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg import sql

from conformance.channels.sql.database import connected_with_a_watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.profile.programs import Migration

SECONDS = 120
"""How long a migration, or a restore, of a database that serves for this alone may take."""
_SHELL = ("/bin/sh", "-c")


@dataclass(frozen=True)
class Outcome:
    """How a command ended.

    ``restore`` is the command that it tells, empty for none; ``dumps`` are the files made in the
    meantime that it names.
    """

    code: int
    output: str
    restore: str = ""
    dumps: tuple[str, ...] = ()


class MigrationDrill:
    """Has a migration fail, and tries the way back.

    Methods raise OSError, TimeoutExpired or psycopg.Error (hence *inconclusive*) where a command
    cannot be run or the database not be asked.
    """

    def __init__(self, channel: Migration) -> None:
        self._channel = channel

    def fail(self) -> Outcome:
        """Run the migration that must fail."""
        started = time.time() - 1  # file systems round
        done = _run(self._channel.failing)
        restore = _told_after(self._channel.restore_marker, done.output)
        dumps = tuple(word for word in _words(restore) if _is_new_file(word, started))
        return Outcome(done.code, done.output, restore, dumps)

    def restore(self, command: str) -> Outcome:
        """Run a command as it was told, by a shell, as an operator would."""
        return _run((*_SHELL, command))

    def rows(self) -> list[str]:
        """Return the table's rows as text, in a fixed order."""
        query = sql.SQL("SELECT to_jsonb(t)::text FROM {} t ORDER BY 1").format(self._table)
        with connected_with_a_watch(self._channel.reader, autocommit=True) as connection:
            return [row[0] for row in connection.execute(query)]

    def empty(self) -> None:
        """Remove every row of the table, and of those that refer to it."""
        statement = sql.SQL("TRUNCATE {} CASCADE").format(self._table)
        with connected_with_a_watch(self._channel.owner, autocommit=True) as connection:
            connection.execute(statement)

    @property
    def _table(self) -> sql.Identifier:
        return sql.Identifier(*self._channel.table.split("."))


def _run(command: Sequence[str]) -> Outcome:
    done = subprocess.run(  # noqa: S603 -- the profile's own command, or one that it told
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=SECONDS,
        check=False,
    )
    return Outcome(done.returncode, done.stdout.decode("utf-8", "replace"))


def _told_after(marker: str, output: str) -> str:
    """Return the rest of the line after a marker, or the next line where that is empty."""
    _, found, rest = output.partition(marker)
    lines = [line.strip() for line in rest.splitlines() if line.strip()] if found else []
    return lines[0] if lines else ""


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _is_new_file(word: str, started: float) -> bool:
    path = Path(word.lstrip("<"))
    return path.is_file() and path.stat().st_size > 0 and path.stat().st_mtime >= started
