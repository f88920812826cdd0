"""What might be done to the trail as the role the server itself runs with; nothing stays done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import errors

from conformance.channels.sql.attempts import REFUSALS, told
from conformance.forge.guise import in_guise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conformance.channels.sql.app_role import AppDatabase
    from conformance.channels.sql.attempts import Connection

_KEEPING = "UPDATE {table} SET {column} = {column}"
_CLEARING = "UPDATE {table} SET {column} = DEFAULT"
"""Where a role may write a column and not read it."""


def _statements() -> Mapping[str, str]:
    return {
        "DELETE": "DELETE FROM {table}",
        "TRUNCATE": "TRUNCATE {table}",
        "DISABLE TRIGGER": "ALTER TABLE {table} DISABLE TRIGGER ALL",
        "DISABLE ROW LEVEL SECURITY": "ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        "ADD COLUMN": f"ALTER TABLE {{table}} ADD COLUMN {in_guise('hallmark_probe')} integer",
        "DROP TABLE": "DROP TABLE {table}",
        "SET session_replication_role": "SET LOCAL session_replication_role = replica",
    }


def tampered(
    database: AppDatabase, column: str, contexts: Iterable[tuple[str, str | None]]
) -> list[str]:
    """Try every way to bend the trail, in every context; return those that were carried out.

    A context is what to call it, and its tenant. Where no column may be written, ``column`` is
    tried all the same.
    """
    done: list[str] = []
    for called, tenant in contexts:
        with database.as_tenant(tenant) as connection:
            table = database.channel.audit_table
            columns = database.columns(connection, table) or [column]
            results = {
                f"UPDATE of {name}": _updated(database, connection, name) for name in columns
            }
            results |= {
                name: _tried(database, connection, statement, column)
                for name, statement in _statements().items()
            }
        told_of = "\n".join(f"{name}: {told(rows)}" for name, rows in results.items())
        database.note(f"SQL {called}, against {table}", told_of)
        done += [f"{name} {called}" for name, rows in results.items() if rows]
    return done


def _updated(database: AppDatabase, connection: Connection, column: str) -> int:
    kept = _tried(database, connection, _KEEPING, column)
    return kept or _tried(database, connection, _CLEARING, column)


def _tried(database: AppDatabase, connection: Connection, statement: str, column: str) -> int:
    """Try a statement; -1 where no rows are told, or where a row was reached that needs a value."""
    query = database.over(database.channel.audit_table, statement, column)
    rows = 0
    try:
        with connection.transaction(force_rollback=True):
            rows = connection.execute(query).rowcount
    except errors.NotNullViolation:
        return -1
    except REFUSALS:
        return 0
    return rows
