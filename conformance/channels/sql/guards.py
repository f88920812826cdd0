"""What guards a table, and how its owner lifts that for a moment."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg import sql

from conformance.channels.sql.database import STATEMENT_MS
from conformance.channels.sql.tables import named

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

LOCK_MS = 5_000

_TRIGGERS = """
    SELECT tgname, tgenabled::text FROM pg_trigger
     WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgenabled <> 'D'"""
_ENABLE: Mapping[str, LiteralString] = {
    "O": "ENABLE TRIGGER",
    "A": "ENABLE ALWAYS TRIGGER",
    "R": "ENABLE REPLICA TRIGGER",
}

_COLUMNS = """
    SELECT attname FROM pg_attribute
     WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
     ORDER BY attnum"""


def bounded(connection: Connection) -> None:
    """Bound how long the transaction waits for a lock, and how long a statement takes."""
    connection.execute(
        "SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)",
        (str(LOCK_MS), str(STATEMENT_MS)),
    )


@contextmanager
def unguarded(connection: Connection, *tables: str) -> Generator[None]:
    """Run a transaction in which nothing that the owner can switch off guards the tables."""
    with connection.transaction():
        bounded(connection)
        lifted = [(table, *_lifted(connection, table)) for table in tables]
        yield
        for table, triggers, is_forced in lifted:
            for name, mode in triggers:
                connection.execute(_trigger(table, _ENABLE[mode], name))
            if is_forced:
                connection.execute(_altered(table, "FORCE ROW LEVEL SECURITY"))


def written_columns(connection: Connection, table: str) -> sql.Composed:
    """Return a table's columns as a statement lists them, but for those that are made."""
    columns = connection.execute(_COLUMNS, (spelt(connection, table),)).fetchall()
    return sql.SQL(", ").join(sql.Identifier(row[0]) for row in columns)


def spelt(connection: Connection, table: str) -> str:
    """Return a name of the profile as PostgreSQL reads one in a text: quoted."""
    return named(table).as_string(connection)


def _lifted(connection: Connection, table: str) -> tuple[list[tuple[str, str]], bool]:
    """Lift a table's guards; return its triggers, with their modes, and whether RLS was forced."""
    forced = connection.execute(
        "SELECT relforcerowsecurity FROM pg_class WHERE oid = %s::regclass",
        (spelt(connection, table),),
    ).fetchone()
    is_forced = bool(forced and forced[0])
    triggers = [
        (row[0], row[1]) for row in connection.execute(_TRIGGERS, (spelt(connection, table),))
    ]
    if is_forced:
        connection.execute(_altered(table, "NO FORCE ROW LEVEL SECURITY"))
    for name, _ in triggers:
        connection.execute(_trigger(table, "DISABLE TRIGGER", name))
    return triggers, is_forced


def _altered(table: str, words: LiteralString) -> sql.Composed:
    return sql.SQL("ALTER TABLE {} {}").format(named(table), sql.SQL(words))


def _trigger(table: str, words: LiteralString, name: str) -> sql.Composed:
    return sql.SQL("{} {}").format(_altered(table, words), sql.Identifier(name))
