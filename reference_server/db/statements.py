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


class Statements:
    """Runs statements as the role of an engine, on a pool of the same make and size beside its."""

    def __init__(self, engine: Engine) -> None:
        self._pool = engine.pool.recreate()
        event.listen(self._pool, "connect", _commit_each_statement)
        event.listen(engine, "engine_disposed", self._close_with)

    def first(self, statement: str, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Return the first row, if any. Placeholders are psycopg's: ``%(name)s``.

        psycopg.Error when the database refuses or cannot be reached; sqlalchemy's TimeoutError
        when no connection becomes free in time.
        """
        return self._execute(statement, values).fetchone()

    def count(self, statement: str, values: Mapping[str, Any]) -> int:
        """Return the number of rows that a statement changed. Errors are those of ``first``."""
        return self._execute(statement, values).rowcount

    def close(self) -> None:
        """Close the connections that nobody uses, and let those in use end with their use."""
        ended, self._pool = self._pool, self._pool.recreate()
        ended.dispose()

    def _close_with(self, engine: Engine) -> None:
        del engine
        self.close()

    def _execute(self, statement: str, values: Mapping[str, Any]) -> psycopg.Cursor:
        """Return a cursor that holds the whole result already, and needs no connection for it."""
        lent = self._pool.connect()
        connection = cast("psycopg.Connection", lent.dbapi_connection)
        try:
            return connection.execute(cast("Any", statement), values)
        except psycopg.Error as error:
            if connection.closed:
                # What ended one connection, such as a restart, has ended those beside it as well.
                lent.invalidate(error)
                self.close()
            raise
        finally:
            lent.close()


def _commit_each_statement(connection: Any, record: object) -> None:
    del record
    connection.autocommit = True
