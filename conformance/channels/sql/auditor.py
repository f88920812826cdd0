"""The auditor channel: reads the trail, and looks for secrets in the whole database."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from psycopg import sql

from conformance.channels.sql.database import connected_with_a_watch
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from conformance.channels.sql.attempts import Connection
    from conformance.profile.target import Auditor

SETTLE_SECONDS = 3.0
"""How long a row may take to show, where durability itself is not what is judged."""


@dataclass(frozen=True)
class AuditRow:
    """One row of the trail under our names for its columns."""

    event: str
    outcome: str
    tenant: str | None
    address: str | None
    request_id: str | None
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def reason(self) -> str | None:
        """The reason the row gives."""
        return self.metadata.get("reason")

    @property
    def scope(self) -> str | None:
        """The scope of a limit, where the row tells of one."""
        return self.metadata.get("scope")


class AuditReader:
    """Reads the trail of one target. Close it at the end."""

    def __init__(self, channel: Auditor) -> None:
        self.channel = channel
        self._line: Connection | None = None
        self._lock = threading.Lock()  # bounded: held for a statement, by the connection's bounds

    def rows(self, *, request_id: str | None = None, address: str | None = None) -> list[AuditRow]:
        """Return the rows of a request, of an address, or all, in the trail's order."""
        columns = self.channel.columns
        names = [
            columns.event,
            columns.outcome,
            columns.tenant,
            columns.address,
            columns.request_id,
            columns.metadata,
        ]
        query = sql.SQL("SELECT {} FROM {}").format(
            sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in names),
            sql.Identifier(*self.channel.table.split(".")),
        )
        values: list[str] = []
        for name, value in ((columns.request_id, request_id), (columns.address, address)):
            if value is not None:
                word = sql.SQL(" AND ") if values else sql.SQL(" WHERE ")
                query += word + sql.SQL("{}::text = %s").format(sql.Identifier(name))
                values.append(value)
        query += sql.SQL(" ORDER BY {}").format(sql.Identifier(columns.order))
        with self._connected() as connection:
            return [_row(found) for found in connection.execute(query, values)]

    def wait_for_rows(
        self, wanted: Callable[[AuditRow], bool], count: int = 1, **where: str | None
    ) -> list[AuditRow]:
        """Return the rows that ``wanted`` accepts, waiting a bounded time for ``count`` of them."""
        found: list[AuditRow] = []

        def look() -> bool:
            found[:] = [row for row in self.rows(**where) if wanted(row)]
            return len(found) >= count

        wait_for(look, SETTLE_SECONDS)
        return found

    def settle(self, later: str) -> None:
        """Wait a bounded time for the row of a later request, by its id.

        A trail that stores rows in turn, or a row once more with the next one, has done so by then.
        One that repeats rows by a timer may not have.
        """
        self.wait_for_rows(lambda _: True, request_id=later)

    def identity_of(self, request_id: str) -> str | None:
        """Return the identity that the rows of a request name; None when they name none."""
        columns = self.channel.columns
        query = sql.SQL("SELECT max({identity}::text) FROM {table} WHERE {request}::text = %s")
        with self._connected() as connection:
            row = connection.execute(
                query.format(
                    identity=sql.Identifier(columns.identity),
                    table=self._table,
                    request=sql.Identifier(columns.request_id),
                ),
                (request_id,),
            ).fetchone()
        return row[0] if row else None

    def plan_for(self, column: str, value: str) -> str:
        """Return how PostgreSQL would find the rows of one identity, if it could choose.

        Reading the whole table is made unattractive, as it is once the trail is long. In no order:
        of a short trail a planner may prefer to read all in order, whatever index there is.
        """
        query = sql.SQL(
            "EXPLAIN (FORMAT JSON) SELECT * FROM {table} WHERE {column} = {value}"
        ).format(table=self._table, column=sql.Identifier(column), value=sql.Literal(value))
        with self._connected() as connection, connection.transaction():
            connection.execute("SET LOCAL enable_seqscan = off")
            row = connection.execute(query).fetchone()
        return json.dumps(row[0]) if row else ""

    @property
    def _table(self) -> sql.Identifier:
        return sql.Identifier(*self.channel.table.split("."))

    def dump(self) -> str:
        """Return every row of every readable table as JSON text: what a thief of the disk reads."""
        listing = """
            SELECT table_schema, table_name FROM information_schema.tables
             WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
             ORDER BY 1, 2"""
        parts: list[str] = []
        with self._connected() as connection:
            for schema, table in connection.execute(listing).fetchall():
                query = sql.SQL("SELECT to_jsonb(t)::text FROM {} t").format(
                    sql.Identifier(schema, table)
                )
                parts += [row[0] for row in connection.execute(query)]
        return "\n".join(parts)

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
            yield self._line

    def _connect(self) -> Connection:
        return connected_with_a_watch(self.channel.dsn, autocommit=True)


def _row(found: tuple[Any, ...]) -> AuditRow:
    event, outcome, tenant, address, request_id, metadata = found
    parsed: Any = json.loads(metadata) if metadata else {}
    return AuditRow(
        event,
        outcome,
        tenant,
        address,
        request_id,
        cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else {},
    )
