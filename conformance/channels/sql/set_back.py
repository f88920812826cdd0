"""A trail put back, with all that stands beside it, to what it was at an earlier moment."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString, cast

from psycopg import sql
from psycopg.pq import TransactionStatus

from conformance.channels.sql.guards import spelt, unguarded, written_columns
from conformance.channels.sql.tables import named
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Generator

    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

_SEQUENCE = "SELECT pg_get_serial_sequence(%s, %s)"
_MOVED = "SELECT setval(%s::regclass, %s, %s)"


@dataclass
class Former:
    """What a trail was when it was remembered, on a connection of its owner's.

    ``beside`` are tables that the trail keeps besides its own, such as where its chain ends. Rows
    are copied into temporary tables, which end with the connection. Methods raise psycopg.Error.
    """

    connection: Connection
    table: str
    order: str
    beside: tuple[str, ...]
    newest: Any = None

    def remember(self) -> None:
        """Remember how far the trail goes, and all rows of the tables beside it."""
        with unguarded(self.connection, self.table, *self.beside):
            for table in (self.table, *self.beside):
                self._run("LOCK TABLE {table} IN SHARE MODE", table)
            found = self._run("SELECT max({order}) FROM {table}", self.table).fetchone()
            self.newest = found and found[0]
            for place, table in enumerate(self.beside):
                self._run("CREATE TEMP TABLE {kept} AS TABLE {table}", table, f"former_{place}")
        establish(self.newest is not None, "the trail has rows")

    @contextmanager
    def put_back(self) -> Generator[None]:
        """Put all of it back, commit that, and put everything that came later in its place after.

        What the target writes in between is taken out again: its places belong to others.
        """
        with unguarded(self.connection, self.table, *self.beside):
            sequence = self._sequence()
            self._run("CREATE TEMP TABLE {kept} AS SELECT * FROM {table} WHERE {later}", self.table)
            gone = self._run("DELETE FROM {table} WHERE {later}", self.table).rowcount
            establish(gone > 0, "the trail has grown since it was remembered")
            for place, table in enumerate(self.beside):
                self._run("CREATE TEMP TABLE {kept} AS TABLE {table}", table, f"later_{place}")
                self._replace(table, f"former_{place}")
            if sequence is not None:
                self.connection.execute(_MOVED, (sequence[0], self.newest, True))
        self._require_committed()
        try:
            yield
        finally:
            with unguarded(self.connection, self.table, *self.beside):
                self._run("DELETE FROM {table} WHERE {later}", self.table)
                self._fill(self.table, "kept")
                for place, table in enumerate(self.beside):
                    self._replace(table, f"later_{place}")
                if sequence is not None:
                    self.connection.execute(_MOVED, sequence)
            self._require_committed()

    def _require_committed(self) -> None:
        """Raise RuntimeError where locks are still held: a server would refuse for them alone."""
        if self.connection.info.transaction_status is not TransactionStatus.IDLE:
            raise RuntimeError("a statement ran outside of a transaction of its own")

    def _sequence(self) -> tuple[str, int, bool] | None:
        """Return the sequence that the trail's places come from, if any, and where it is."""
        place = spelt(self.connection, self.table), self.order
        found = self.connection.execute(_SEQUENCE, place).fetchone()
        if not found or found[0] is None:
            return None
        # PostgreSQL itself has spelt the name, quotes and all.
        name = sql.SQL(cast("LiteralString", found[0]))
        query = sql.SQL("SELECT last_value, is_called FROM {}").format(name)
        row = self.connection.execute(query).fetchone()
        return None if row is None else (found[0], row[0], row[1])

    def _replace(self, table: str, kept: str) -> None:
        self._run("DELETE FROM {table}", table)
        self._fill(table, kept)

    def _fill(self, table: str, kept: str) -> None:
        words = (
            "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {kept}"
        )
        self._run(words, table, kept)

    def _run(self, words: str, table: str, kept: str = "kept") -> psycopg.Cursor[tuple[Any, ...]]:
        order = sql.Identifier(self.order)
        query = sql.SQL(cast("LiteralString", words)).format(
            table=named(table),
            kept=sql.Identifier("pg_temp", kept),
            columns=written_columns(self.connection, table),
            order=order,
            later=sql.SQL("{} > {}").format(order, sql.Literal(self.newest)),
        )
        return self.connection.execute(query)
