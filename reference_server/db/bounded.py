"""Connections to PostgreSQL on which no wait is without a bound.

A host that is frozen, or was cut off, ends no connection, and its kernel may go on to acknowledge
what it is sent. So neither the server's own time-outs nor those of TCP end a wait for it: only who
waits can.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from reference_server.core.breaker import Breaker

if TYPE_CHECKING:
    from collections.abc import Generator

_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Patience:
    """How long a role waits for the database, in seconds. Each bound is for one statement."""

    connect: int
    """To be connected and let in."""
    pool: float
    """For a connection that nobody else uses."""
    lock: float
    """For somebody else's lock: who holds the trail that long has taken it away."""
    statement: float
    """For a statement; PostgreSQL itself ends it."""
    silence: float
    """For any answer. It is longer, so that only a silent database is given up by it."""
    idle: float = 0.0
    """That a transaction may wait for its next statement; PostgreSQL itself ends it. 0: as long as
    it likes."""

    @property
    def options(self) -> str:
        """The bounds that PostgreSQL keeps, as libpq's ``options``.

        One that was frozen while a transaction waited ends it when it thaws, before it looks at
        what had arrived: a commit whose caller was refused is not carried out after all.
        """
        bounds = {
            "statement_timeout": self.statement,
            "lock_timeout": self.lock,
            "idle_in_transaction_session_timeout": self.idle,
        }
        return " ".join(f"-c {name}={int(1000 * bound)}" for name, bound in bounds.items())


REQUESTS = Patience(connect=3, pool=3.0, lock=2.0, statement=3.0, silence=4.0, idle=3.0)
"""What a request's caller is kept waiting. A request makes a few statements, one after the other;
the first silence makes all others short, for the breaker opens."""

MAINTENANCE = Patience(connect=5, pool=5.0, lock=2.0, statement=10.0, silence=15.0)
"""What an operator's command is kept waiting, which may have more to do."""

LONG = Patience(connect=5, pool=5.0, lock=10.0, statement=3600.0, silence=3630.0)
"""What a migration and a repair are kept waiting: one statement may go through the whole trail."""


class SilentError(psycopg.OperationalError):
    """The database gives no answer in time, or gave none to those who asked lately."""


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is given up, and closed, when an answer does not come in time."""

    breaker: Breaker
    silence: float

    @classmethod
    def connect_within(
        cls, patience: Patience, breaker: Breaker, *arguments: Any, **more: Any
    ) -> BoundedConnection:
        """Connect as ``psycopg.connect`` does; SilentError when nobody answers."""
        if not breaker.admits():
            raise SilentError("the database has not answered lately")
        since = time.monotonic()
        try:
            made = cls.connect(*arguments, connect_timeout=patience.connect, **more)
        except psycopg.errors.ConnectionTimeout:
            breaker.missed(since)
            raise
        breaker.heard()
        made.breaker, made.silence = breaker, patience.silence
        return made

    def wait(
        self,
        gen: Generator[Any, Any, Any],
        interval: float = _LOOK_SECONDS,
        timeout: float | None = None,
    ) -> Any:
        """Wait for an answer; SilentError, after which the connection is closed, when none comes.

        Every statement, commit and rollback of psycopg waits here.
        """
        if not self.breaker.admits():
            self.close()
            raise SilentError("the database has not answered lately")
        bound = self.silence if timeout is None else min(timeout, self.silence)
        since = time.monotonic()
        try:
            result = super().wait(gen, interval, bound)
        except psycopg.Error as error:
            if time.monotonic() - since < bound:
                self.breaker.heard()
                raise
            self.close()
            self.breaker.missed(since)
            raise SilentError("the database did not answer in time") from error
        self.breaker.heard()
        return result


class Connector:
    """Makes the connections of one engine, which share what is known of the database's silence.

    It is what SQLAlchemy's event ``do_connect`` takes.
    """

    def __init__(self, patience: Patience) -> None:
        self.patience, self.breaker = patience, Breaker()

    def __call__(
        self, dialect: object, record: object, arguments: list[Any], more: dict[str, Any]
    ) -> BoundedConnection:
        """Connect; psycopg.Error, SilentError among them, when that fails."""
        del dialect, record
        return BoundedConnection.connect_within(self.patience, self.breaker, *arguments, **more)
