"""Rows that one tenant sees and the other does not, in tables that have no tenant column.

A policy may tell by another column, or by the row that one belongs to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import Error, errors, sql

if TYPE_CHECKING:
    from conformance.channels.sql.app_role import AppDatabase
    from conformance.channels.sql.attempts import Connection
    from conformance.channels.sql.tables import Named

MOST_ROWS = 2_000
"""Of a table that shows a tenant more rows nothing is said."""
Version = tuple[str, str, str]


class Privacy:
    """What is private to each of two tenants, table by table."""

    def __init__(self, database: AppDatabase, a: str, b: str) -> None:
        self._database = database
        self._private: dict[Named, set[Version]] = {}
        with database.snapshot() as connection:
            for one in database.guarded():
                if one.has_tenant or not one.readable:
                    continue
                seen = [versions_seen(database, connection, one.table, who) for who in (a, b)]
                if private := seen[0] ^ seen[1]:
                    self._private[one.table] = private

    @property
    def tables(self) -> list[Named]:
        """The tables of which something is private."""
        return [*self._private]

    def seen_in(self, context: str | None) -> list[str]:
        """Return the tables that show something private in a context that is neither's."""
        shown: list[str] = []
        for table, private in self._private.items():
            with self._database.as_tenant(context) as connection:
                if versions_seen(self._database, connection, table, None, among=private):
                    shown.append(str(table))
        return shown


def versions_seen(
    database: AppDatabase,
    connection: Connection,
    table: Named,
    tenant: str | None,
    *,
    among: set[Version] | None = None,
    is_labelled: bool = False,
) -> set[Version]:
    """Return the rows that are seen, or which of some, each in the version it has now.

    In the context of ``tenant``, or as it is; where rows are ``labelled``, those with the tenant's
    id. None where the statement is an error, nor of a table without labels that shows too many.
    """
    conditions: list[sql.Composable] = [sql.SQL("true")]
    if is_labelled:
        column = sql.Identifier(database.channel.tenant_column)
        conditions.append(sql.SQL("{}::text = {}").format(column, sql.Literal(tenant)))
    if among is not None:
        places = sorted({place for _, place, _ in among})
        conditions.append(sql.SQL("ctid = ANY({}::tid[])").format(sql.Literal(places)))
    query = sql.SQL("SELECT tableoid::text, ctid::text, xmin::text FROM {} WHERE {} LIMIT {}")
    query = query.format(
        table.identifier,
        sql.SQL(" AND ").join(conditions),
        sql.Literal(MOST_ROWS + 1 if among is None else None),
    )
    if tenant is not None:
        database.enter(connection, tenant)
    try:
        with connection.transaction():
            found = {(row[0], row[1], row[2]) for row in connection.execute(query)}
    except errors.OperationalError:
        raise
    except Error:
        return set()
    if among is not None:
        return found & among
    return found if is_labelled or len(found) <= MOST_ROWS else set()
