"""The owner channel: holds the trail for a moment, or tampers with it and puts it back."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, LiteralString, cast

import psycopg
from psycopg import sql

from conformance.channels.sql.database import connected
from conformance.channels.sql.guards import bounded, unguarded, written_columns
from conformance.channels.sql.misnamed import entries_of_the_trail, naming_the_entry
from conformance.channels.sql.set_back import Former
from conformance.channels.sql.tables import named
from conformance.verdicts import NotAssessedError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from conformance.profile.events import Outcomes
    from conformance.profile.fields import TrailFields
    from conformance.profile.target import Owner
    from conformance.profile.written import Auditor

VERIFY_SECONDS = 60.0

Connection = psycopg.Connection[tuple[Any, ...]]

TAMPERING: Mapping[str, LiteralString] = {
    "an outcome changed": """
        UPDATE {table} SET {outcome} = CASE {outcome}::text WHEN {success} THEN {failure}
                                            ELSE {success} END WHERE {order} = {middle}""",
    "metadata changed": """
        UPDATE {table} SET {metadata} = '{{"is": "changed"}}' WHERE {order} = {middle}""",
    "an address changed": "UPDATE {table} SET {address} = '192.0.2.1' WHERE {order} = {middle}",
    "a row removed": "DELETE FROM {table} WHERE {order} = {middle}",
    "two rows exchanged": """
        DELETE FROM {table} WHERE {order} IN ({middle}, {next});
        UPDATE kept SET {order} = {middle} + {next} - {order} WHERE {order} IN ({middle}, {next});
        INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE
               SELECT {columns} FROM kept WHERE {order} IN ({middle}, {next});
        UPDATE kept SET {order} = {middle} + {next} - {order}
         WHERE {order} IN ({middle}, {next})""",
    "the end cut off": "DELETE FROM {table} WHERE {order} >= {middle}",
}
"""What the owner of a trail might do to it, by a name for the report."""
_CHANGED = {
    "an outcome changed": "outcome",
    "metadata changed": "metadata",
    "an address changed": "address",
}
"""The field that a way changes, which must be a column for that."""

_NO_COLUMNS = sql.SQL("")
_RESTORE: LiteralString = """
    INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM kept"""


def _ran(command: Sequence[str]) -> tuple[bool, str]:
    """Run a command of the profile's; tell whether it ended with 0, and its words."""
    done = subprocess.run(  # noqa: S603 -- the profile's own command
        command,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=VERIFY_SECONDS,
        check=False,
    )
    words = (done.stdout + done.stderr).decode("utf-8", "replace").strip()
    return done.returncode == 0, f"exit code {done.returncode}: {words[-300:]}"


class TrailOwner:
    """SQL as the owner of the trail. Methods raise psycopg.Error, hence *inconclusive*."""

    def __init__(
        self, channel: Owner, trail: Auditor, fields: TrailFields, outcomes: Outcomes
    ) -> None:
        self._channel, self._trail = channel, trail
        self._fields, self._outcomes = fields, outcomes

    def _known(self) -> AbstractContextManager[None]:
        """Tell of names that the database does not know by the profile's entries."""
        return naming_the_entry(entries_of_the_trail(self._trail.table, self._fields))

    @property
    def ways(self) -> list[str]:
        """The ways of TAMPERING for which the trail has columns."""
        return [
            how
            for how in TAMPERING
            if (field := _CHANGED.get(how)) is None or self._column(field) is not None
        ]

    @contextmanager
    def holding(self) -> Generator[None]:
        """Keep everybody from writing the trail; PostgreSQL lets go of it even if we die."""
        with self._transaction() as connection:
            connection.execute(self._over("LOCK TABLE {table} IN EXCLUSIVE MODE"))
            yield

    def verify(self) -> tuple[bool, str]:
        """Run the target's verification; tell whether it found the trail whole, and its words."""
        return _ran(self._channel.verify)

    def is_alarmed(self) -> bool:
        """Tell whether the target's own alarm says that its trail was tampered with, if any."""
        return bool(self._channel.alarm) and not _ran(self._channel.alarm)[0]

    @property
    def notice_seconds(self) -> float:
        """How long the target may take to find that its trail was set back."""
        return self._channel.notice_seconds

    @contextmanager
    def remembering(self) -> Generator[Former]:
        """Remember the trail, and the tables beside it, as they are now, to be put back once."""
        order = self._column("order")
        if order is None:
            raise NotAssessedError("[fields.trail] order names no column of the trail's table")
        with self._known(), connected(self._channel.dsn) as connection:
            former = Former(connection, self._trail.table, order, self._channel.tables)
            former.remember()
            yield former

    @contextmanager
    def tampered(self, how: str) -> Generator[None]:
        """Do one thing of TAMPERING to the newest rows, commit it, and put every row back after."""
        with self._known(), connected(self._channel.dsn) as connection:
            with unguarded(connection, self._trail.table):
                places = self._choose(connection)
                keep = "CREATE TEMP TABLE kept AS SELECT * FROM {table} WHERE {order} >= {middle}"
                connection.execute(self._over(keep, *places))
                connection.execute(self._over(TAMPERING[how], *places))
            try:
                yield
            finally:
                with unguarded(connection, self._trail.table):
                    # What the server has written meanwhile is not among them, and stays.
                    remove = "DELETE FROM {table} WHERE {order} IN (SELECT {order} FROM kept)"
                    connection.execute(self._over(remove, *places))
                    connection.execute(self._over(_RESTORE, *places))

    def _choose(self, connection: Connection) -> tuple[int, int, sql.Composable]:
        """Return the places of two neighbouring rows near the end, and what can be written of one.

        There are more rows behind them. Columns that the database makes itself are left to it.
        """
        query = "SELECT {order} FROM {table} ORDER BY {order} DESC LIMIT 4"
        found = [row[0] for row in connection.execute(self._over(query))]
        if len(found) < 4:  # noqa: PLR2004 -- as many as were asked for
            raise LookupError("the trail has too few rows to tamper with")
        return found[2], found[1], written_columns(connection, self._trail.table)

    @contextmanager
    def _transaction(self) -> Generator[Connection]:
        with (
            self._known(),
            connected(self._channel.dsn) as connection,
            connection.transaction(force_rollback=True),
        ):
            bounded(connection)
            yield connection

    @property
    def _table(self) -> sql.Identifier:
        return named(self._trail.table)

    def _over(
        self,
        statement: str,
        middle: int = 0,
        following: int = 0,
        columns: sql.Composable = _NO_COLUMNS,
    ) -> sql.Composed:
        """Return a statement of ours with the names this trail has, and what was chosen of it."""
        names = {
            field: sql.Identifier(self._column(field) or field)
            for field in ("order", *_CHANGED.values())
        }
        words = {
            "success": sql.Literal(self._outcomes.success[0]),
            "failure": sql.Literal(self._outcomes.failure[0]),
        }
        return sql.SQL(cast("LiteralString", statement)).format(
            table=self._table,
            columns=columns,
            middle=sql.Literal(middle),
            next=sql.Literal(following),
            **names,
            **words,
        )

    def _column(self, field: str) -> str | None:
        """Return the column that a field is; None where it is none, or inside of one."""
        place = self._fields.place(field)
        return None if place is None or "." in place else place
