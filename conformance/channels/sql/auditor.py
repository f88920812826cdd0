"""The trail as a table, read over SQL as a role that may see all of it, and the whole database."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from psycopg import errors, sql

from conformance.channels.sql.database import connected_with_a_watch
from conformance.channels.sql.misnamed import entries_of_the_trail, naming_the_entry
from conformance.channels.trail.reader import AuditReader
from conformance.channels.trail.row import AuditRow, no_field
from conformance.text.addresses import forms_of
from conformance.verdicts import NotAssessedError, NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Generator

    from conformance.channels.sql.attempts import Connection
    from conformance.profile.events import Events
    from conformance.profile.fields import TrailFields

REPLICA_SECONDS = 20.0
"""How far a replica may be behind where the profile does not say."""
_INSIDE = """
    (CASE jsonb_typeof(to_jsonb({column}))
          WHEN 'string' THEN (to_jsonb({column}) #>> '{{}}')::jsonb ELSE to_jsonb({column}) END
     #>> {path})"""


_UNSEEN = """
    SELECT format('%I.%I', n.nspname, c.relname)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'm', 'f')
       AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
       AND (NOT has_schema_privilege(n.oid, 'USAGE') OR NOT has_table_privilege(c.oid, 'SELECT')
            OR (row_security_active(c.oid) AND NOT EXISTS (
                SELECT FROM pg_policies p
                 WHERE p.schemaname = n.nspname AND p.tablename = c.relname AND p.qual = 'true'
                   AND p.permissive = 'PERMISSIVE' AND p.cmd IN ('ALL', 'SELECT')
                   AND p.roles && ARRAY['public', current_user]::name[])))
     ORDER BY 1"""
"""Tables that the role may not read, and those of which policies may hide rows from it."""
_TOLD = 6


class TableTrail(AuditReader):
    """Reads a table of PostgreSQL.

    Methods raise NotEstablishedError where the database does not know a name that they need.
    """

    whole: ClassVar[str] = "the database"

    def __init__(self, dsn: str, table: str, fields: TrailFields, events: Events) -> None:
        super().__init__(fields, events)
        self._dsn, self._name = dsn, table
        self._line: Connection | None = None
        self._lock = threading.Lock()  # bounded: held for a statement, by the connection's bounds

    @property
    def patience(self) -> float:
        """Seconds that a row may take to show: more where a replica is read."""
        return super().patience + (REPLICA_SECONDS if self._is_replica else 0)

    @cached_property
    def _is_replica(self) -> bool:
        with self._connected() as connection:
            row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
        return bool(row and row[0])

    def rows(self, *, request_id: str | None = None, address: str | None = None) -> list[AuditRow]:
        """Return the rows of a request, of an address, or all, in the trail's order."""
        query = sql.SQL("SELECT to_jsonb(t) FROM {} t").format(self._table)
        values: list[list[str]] = []
        for field, value in (("request_id", request_id), ("address", address)):
            if value is not None:
                word = sql.SQL(" AND ") if values else sql.SQL(" WHERE ")
                query += word + sql.SQL("{} = ANY(%s)").format(self._text_of(field))
                values.append(forms_of(value) if field == "address" else [value])
        query += sql.SQL(" ORDER BY {}").format(self._indexed("order"))
        with self._connected() as connection:
            try:
                found = connection.execute(query, values).fetchall()
            except errors.UndefinedColumn as error:
                raise self._without_column(connection, error) from error
        return [AuditRow(row[0], self.fields) for row in found]

    def text(self) -> str:
        """Return every row of the trail as JSON text."""
        return json.dumps(self.table(self._name), ensure_ascii=False)

    def plan_for(self, field: str, value: str) -> str:
        """Return how PostgreSQL would find the rows with a value, if it could choose.

        Reading the whole table is made unattractive, as it is once the trail is long. In no order:
        of a short trail a planner may prefer to read all in order, whatever index there is.
        """
        query = sql.SQL(
            "EXPLAIN (FORMAT JSON) SELECT * FROM {table} WHERE {column} = {value}"
        ).format(table=self._table, column=self._indexed(field), value=sql.Literal(value))
        with self._connected() as connection, connection.transaction():
            connection.execute("SET LOCAL enable_seqscan = off")
            row = connection.execute(query).fetchone()
        return json.dumps(row[0]) if row else ""

    def _place(self, field: str) -> list[str]:
        place = self.fields.place(field)
        if place is None:
            raise no_field(field)
        return place.split(".")

    def _text_of(self, field: str) -> sql.Composed:
        """Return the SQL of a field's text. JSON may be kept in a column of text, too."""
        column, *path = self._place(field)
        if not path:
            return sql.SQL("{}::text").format(sql.Identifier(column))
        return sql.SQL(_INSIDE).format(column=sql.Identifier(column), path=sql.Literal(path))

    def _indexed(self, field: str) -> sql.Composed:
        """Return the SQL of a field as an index would have it."""
        column, *path = self._place(field)
        parts: list[sql.Composable] = [sql.Identifier(column)]
        if len(path) == 1:
            parts.append(sql.SQL("->> {}").format(sql.Literal(path[0])))
        elif path:
            parts.append(sql.SQL("#>> {}").format(sql.Literal(path)))
        return sql.SQL("({})").format(sql.SQL(" ").join(parts))

    def _without_column(self, connection: Connection, error: Exception) -> NotEstablishedError:
        about = connection.execute(
            sql.SQL("SELECT * FROM {} LIMIT 0").format(self._table)
        ).description
        columns = ", ".join(column.name for column in about or ())
        missing = str(error).splitlines()[0]
        return NotEstablishedError(
            f"{missing}; the columns of the trail are {columns}: name them in [fields.trail]"
        )

    @property
    def _table(self) -> sql.Identifier:
        return sql.Identifier(*self._name.split("."))

    def dump(self) -> str:
        """Return every row of every readable table as JSON text: what a thief of the disk reads."""
        listing = """
            SELECT n.nspname, c.relname
              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('r', 'p', 'm', 'f', 'v')
               AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
               AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
             ORDER BY 1, 2"""
        parts: list[str] = []
        with self._connected() as connection:
            for schema, table in connection.execute(listing).fetchall():
                query = sql.SQL("SELECT to_jsonb(t)::text FROM {} t").format(
                    sql.Identifier(schema, table)
                )
                parts += [row[0] for row in connection.execute(query)]
        return "\n".join(parts)

    def require_whole(self) -> None:
        """Raise NotAssessedError where ``dump`` leaves something out that the role may not read."""
        with self._connected() as connection:
            found = connection.execute(_UNSEEN).fetchall()
        if found:
            names = [name for (name,) in found]
            more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
            raise NotAssessedError(
                "no violation seen, but the role of [channels.auditor] may not read all of "
                f"{', '.join(names[:_TOLD])}{more}: let it read every table, and every row"
            )

    def table(self, name: str) -> list[dict[str, Any]]:
        """Return every row of a table, by column. Raises psycopg.Error where it cannot be read."""
        query = sql.SQL("SELECT to_jsonb(t) FROM {} t").format(sql.Identifier(*name.split(".")))
        with self._connected() as connection:
            return [row[0] for row in connection.execute(query)]

    def close(self) -> None:
        """Close the connection, if one was opened."""
        if self._line is not None:
            self._line.close()

    @contextmanager
    def _connected(self) -> Generator[Connection]:
        """Lend the one connection: a row is often asked for many times until it shows."""
        with self._lock:
            if self._line is None or self._line.closed:
                self._line = self._connect()
            with naming_the_entry(entries_of_the_trail(self._name, self.fields)):
                yield self._line

    def _connect(self) -> Connection:
        return connected_with_a_watch(self._dsn, autocommit=True)
