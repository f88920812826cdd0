"""Single statements, each a transaction of its own: what every request asks of the database.

SQLAlchemy pools the connections; psycopg runs the statement. Around one prepared statement an
engine's own work, most of it switching a shared connection to autocommit and back, takes longer
than the statement itself, and a refusal makes two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import psycopg
from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine
    from sqlalchemy.pool import ConnectionPoolEntry

    _Row = tuple[Any, ...]

_CURSOR = "cursor"
"""Under this name a connection keeps its one cursor. A new one for each statement would be one part
in twenty of what a refusal takes."""


class Statements:
    """Runs statements as the role of an engine, on a pool of the same make and size beside its."""

    def __init__(self, engine: Engine) -> None:
        self._pool = engine.pool.recreate()
        event.listen(self._pool, "connect", _prepare)
        event.listen(engine, "engine_disposed", self._close_with)

    def first(self, statement: str, values: Mapping[str, Any]) -> _Row | None:
        """Return the first row, if any. Placeholders are psycopg's: ``%(name)s``.

        psycopg.Error when the database refuses or cannot be reached; sqlalchemy's TimeoutError
        when no connection becomes free in time.
        """
        return self._execute(statement, values)[1]

    def count(self, statement: str, values: Mapping[str, Any]) -> int:
        """Return the number of rows that a statement changed. Errors are those of ``first``."""
        return self._execute(statement, values)[0]

    def close(self) -> None:
        """Close the connections that nobody uses, and let those in use end with their use."""
        ended, self._pool = self._pool, self._pool.recreate()
        ended.dispose()

    def _close_with(self, engine: Engine) -> None:
        del engine
        self.close()

    def _execute(self, statement: str, values: Mapping[str, Any]) -> tuple[int, _Row | None]:
        """Return how many rows were found or changed, and the first of those it returned."""
        lent = self._pool.connect()
        cursor: psycopg.Cursor = lent.info[_CURSOR]
        try:
            cursor.execute(cast("Any", statement), values)
            return cursor.rowcount, cursor.fetchone() if cursor.description else None
        except psycopg.Error as error:
            if cursor.connection.closed:
                # What ended one connection, such as a restart, has ended those beside it as well.
                lent.invalidate(error)
                self.close()
            raise
        finally:
            lent.close()


def _prepare(connection: Any, record: ConnectionPoolEntry) -> None:
    connection.autocommit = True
    record.info[_CURSOR] = connection.cursor()
