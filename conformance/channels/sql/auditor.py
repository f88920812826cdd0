"""The auditor channel: reads the trail, and looks for secrets in the whole database."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from psycopg import errors, sql

from conformance.channels.sql.database import connected_with_a_watch
from conformance.channels.sql.row import AuditRow, no_field
from conformance.text.addresses import forms_of
from conformance.verdicts import NotEstablishedError
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from conformance.channels.sql.attempts import Connection
    from conformance.profile.events import Event, Events, Outcome, Vocabulary
    from conformance.profile.fields import TrailFields
    from conformance.profile.target import Auditor

SETTLE_SECONDS = 3.0
"""How long a row may take to show, where durability itself is not what is judged."""
_TELLING = ("event", "outcome")
_LONGEST = 60
_INSIDE = """
    (CASE jsonb_typeof(to_jsonb({column}))
          WHEN 'string' THEN (to_jsonb({column}) #>> '{{}}')::jsonb ELSE to_jsonb({column}) END
     #>> {path})"""


class AuditReader:
    """Reads the trail of one target, under the names that its profile gives. Close it at the end.

    Methods raise NotEstablishedError where the table has no column of a name that they need, and
    NotAssessedError where the profile says that there is none.
    """

    def __init__(self, channel: Auditor, fields: TrailFields, events: Events) -> None:
        self.channel, self.fields, self.events = channel, fields, events
        self._line: Connection | None = None
        self._lock = threading.Lock()  # bounded: held for a statement, by the connection's bounds

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

    def is_one(self, row: AuditRow, *events: Event) -> bool:
        """Tell whether a row is of one of these events."""
        return self.events.is_one(row.matched, *events)

    def of(self, *events: Event, count: int = 1, **where: str | None) -> list[AuditRow]:
        """Return the rows of these events, waiting a bounded time for ``count`` of them.

        Raises NotEstablishedError where there are none, but rows of a name that nobody declared.
        """
        found = self.wait_for_rows(lambda row: self.is_one(row, *events), count, **where)
        if not found:
            self.require_known(self.rows(**where), *events)
        return found

    def unwritten(self, event: Event, request_ids: Iterable[str]) -> list[str]:
        """Return those of some requests that have no row of an event.

        Raises NotEstablishedError where one of them has a row of a name that nobody declared.
        """
        rows = self.rows()
        written = {row.request_id for row in rows if self.is_one(row, event)}
        lost = [identity for identity in request_ids if identity not in written]
        left = set(lost)
        self.require_known([row for row in rows if row.request_id in left], event)
        return lost

    def require_known(self, rows: Iterable[AuditRow], *events: Event) -> None:
        """Raise NotEstablishedError if one of some rows may be of an event under another name.

        Only a name that the profile does not know may be that: a row of another known event is not
        the one that is missing.
        """
        unknown = [row for row in rows if not self.events.knows(row.matched)]
        if unknown:
            called = " or ".join(self.events.told(event) for event in events)
            seen = ", ".join(dict.fromkeys(map(_shown, unknown)))
            raise NotEstablishedError(
                f"could not establish what the trail calls it: 0 rows named {called}; seen "
                f"instead: {seen}: declare [events] {', '.join(events)}"
            )

    def is_outcome(self, row: AuditRow, expected: Outcome) -> bool:
        """Tell whether a row's outcome means what is expected; see ``meaning``."""
        return self.meaning("outcome", row.outcome, expected) == expected

    def meaning(self, field: str, word: str | None, expected: str) -> str | None:
        """Return our word for one in an outcome, a reason or a scope; None for None.

        Of several it is the expected one. Raises NotEstablishedError for a word that the profile
        does not know: it may mean anything.
        """
        known: Vocabulary = getattr(self.events, f"{field}s")
        if word is None or word in known.words(expected):
            return expected if word is not None else None
        for name in type(known).model_fields:
            if word in known.words(name):
                return name
        raise NotEstablishedError(
            f"could not establish what the {field} {word!r} of a row means, where one was wanted "
            f"that means {expected}: declare [events.{field}s]"
        )

    def settle(self, later: str) -> None:
        """Wait a bounded time for the row of a later request, by its id.

        A trail that stores rows in turn, or a row once more with the next one, has done so by then.
        One that repeats rows by a timer may not have.
        """
        self.wait_for_rows(lambda _: True, request_id=later)

    def identity_of(self, request_id: str) -> str | None:
        """Return the identity that the rows of a request name; None when they name none."""
        found = [row.identity for row in self.rows(request_id=request_id)]
        return next((identity for identity in found if identity), None)

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


def _shown(row: AuditRow) -> str:
    """Return what may tell the event of a row, as a profile would match it."""
    told = {name: word for name, word in row.matched.items() if word and name in _TELLING}
    words = ", ".join(f"{name} = {word[:_LONGEST]}" for name, word in told.items())
    return str(row.event)[:_LONGEST] if told.keys() <= {"event"} else f"{{ {words} }}"
