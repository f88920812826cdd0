"""Connections to a target's database, on which no wait is without a bound."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import psycopg

from conformance.waiting import OverdueError

if TYPE_CHECKING:
    from collections.abc import Generator

CONNECT_SECONDS = 5
STATEMENT_MS = 10_000
"""The longest a statement may take, by the server's own watch."""
ANSWER_SECONDS = 30.0
"""The longest that is waited for an answer: a server that hangs, or is cut off, keeps no watch."""
_LOOK_SECONDS = 0.1


class BoundedConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that waits no longer than ``answer_seconds`` for the answer to one statement."""

    answer_seconds = ANSWER_SECONDS

    def wait(
        self,
        gen: Generator[Any, Any, Any],
        interval: float = _LOOK_SECONDS,
        timeout: float | None = None,
    ) -> Any:
        """Wait for an answer. Raises OverdueError, after which the connection is closed."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(_within(gen, self.answer_seconds), interval)
        except OverdueError:
            self.pgconn.finish()
            raise


def _within(gen: Generator[Any, Any, Any], seconds: float) -> Generator[Any, Any, Any]:
    """Pass on what a wait of psycopg asks for, and is told, until its time is over.

    It is told each ``_LOOK_SECONDS`` that nothing came.
    """
    deadline = time.monotonic() + seconds
    try:
        wanted = next(gen)
        while True:  # bounded: by the deadline, or as often as something came
            came = yield wanted
            if not came and time.monotonic() > deadline:
                raise OverdueError("the answer of a database", seconds)
            wanted = gen.send(came)
    except StopIteration as end:
        return end.value


def connected(dsn: str, *, autocommit: bool = False, options: str = "") -> BoundedConnection:
    """Connect to a database. Raises psycopg.Error, hence *inconclusive*."""
    return BoundedConnection.connect(  # bounded: by CONNECT_SECONDS an address
        dsn, connect_timeout=CONNECT_SECONDS, options=options or None, autocommit=autocommit
    )


def connected_with_a_watch(dsn: str, *, autocommit: bool = False) -> BoundedConnection:
    """Connect to a database that cuts statements short itself after ``STATEMENT_MS``."""
    return connected(dsn, autocommit=autocommit, options=f"-c statement_timeout={STATEMENT_MS}")
