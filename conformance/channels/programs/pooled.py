"""The pool channel: one more process of the target, on a database that the judge has tapped."""

from __future__ import annotations

import re
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from conformance.channels.programs.launch import Launcher
from conformance.channels.sql.database import connected
from conformance.channels.sql.tap.line import IDLE
from conformance.channels.sql.tap.tap import Tap
from conformance.forge.guise import in_guise
from conformance.profile.programs import Launch
from conformance.verdicts import establish
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from contextlib import AbstractContextManager

    from conformance.channels.http.wire import Wire
    from conformance.channels.programs.launch import Launched
    from conformance.channels.sql.tap.line import Seen
    from conformance.profile.programs import Pool
    from conformance.profile.target import AppSql

RESET_SECONDS = 2.0
"""How long a pool may take to reset a connection that is given back."""
_TOUCHES_ROWS = re.compile(r"\b(FROM|INTO|UPDATE|DELETE|MERGE|CALL|TABLE|COPY)\b", re.IGNORECASE)
_MAY_CLEAR = re.compile(r"^\s*(RESET|DISCARD|SET|SELECT\s+(\w+\.)?\w+\s*\()", re.IGNORECASE)


@dataclass(frozen=True)
class ServerAtWork:
    """A process of the target, and what tells the roles it has while something is asked of it."""

    line: Wire
    roles_during: Callable[[Callable[[], object]], list[str]]


class PooledServer:
    """The process, and what is seen of its connections. Lines of the judge's own are left out."""

    def __init__(self, process: Launched, tap: Tap, setting: str) -> None:
        self._process, self._tap, self._setting = process, tap, setting
        self._own: set[int] = set()

    def url(self, path: str) -> str:
        """Return the URL of one of its paths."""
        return self._process.url(path)

    def shows(self, tenant: str) -> bool:
        """Tell whether a tenant set on a connection through the tap is seen, and its reset, too."""
        mark = f"{in_guise('hallmark')}-{uuid.uuid4()}"
        with connected(self._tap.dsn, autocommit=True) as connection:
            query = sql.SQL("SELECT set_config({}, {}, false) AS {}")
            for value in (tenant, ""):
                values = map(sql.Literal, (self._setting, value))
                connection.execute(query.format(*values, sql.Identifier(mark)))
                ours = [one for one in self._looked() if any(mark in said for said in one.said)]
                self._own.update(one.number for one in ours)
                if [one.context for one in ours] != [value]:
                    return False
        return True

    def look(self) -> list[Seen]:
        """Return what is known of the server's connections."""
        return [one for one in self._looked() if one.number not in self._own]

    def roles_during(self, ask: Callable[[], object]) -> list[str]:
        """Return the roles of the connections on which something was said meanwhile."""
        before = self.look()
        ask()
        after = self.look()
        numbers = used(before, after)
        establish(numbers, "what the server asks its database for passes the tap")
        return sorted({one.role for one in after if one.number in numbers})

    def silenced(self) -> AbstractContextManager[None]:
        """Have its database say nothing for the length of a block, though no connection ends."""
        return self._tap.holding()

    def settled(self, tenants: Iterable[str]) -> list[Seen]:
        """Return the same, once no tenant is left on any, or none was taken off in time."""
        known = tuple(tenants)
        found: list[Seen] = []

        def is_clear() -> bool:
            found[:] = self.look()
            return not left_on(found, known)

        wait_for(is_clear, RESET_SECONDS)
        return found

    def _looked(self) -> list[Seen]:
        return self._tap.look(self._setting)


@contextmanager
def pooled_server(channel: Pool, app: AppSql) -> Generator[PooledServer]:
    """Start a process whose database is tapped. Raises OSError, hence *inconclusive*."""
    host, _, port = channel.tap.rpartition(":")
    launcher = Launcher(
        Launch(
            command=channel.command,
            secrets_dir=channel.secrets_dir,
            required_secrets=(),
            health=channel.health,
        )
    )
    with Tap(app.dsn, host, int(port)) as tap:
        where = f"{tap.host}:{tap.port}"
        command = [word.replace("{tap}", where) for word in channel.command]
        with launcher.start(command=command) as process:
            is_serving = process.settle() is None
            establish(is_serving, f"the server starts on a tapped database: {process.ending()}")
            yield PooledServer(process, tap, app.tenant_setting)


def left_on(seen: Iterable[Seen], tenants: Iterable[str]) -> list[Seen]:
    """Return the connections outside a transaction that hold a tenant of these."""
    known = tuple(tenants)
    return [one for one in seen if is_at_rest(one) and holds(one, known)]


def holds(seen: Seen, tenants: Iterable[str]) -> bool:
    """Tell whether a connection's context names one of some tenants."""
    context = (seen.context or "").lower()
    return any(tenant.lower() in context for tenant in tenants)


def is_at_rest(seen: Seen) -> bool:
    """Tell whether a connection is outside any transaction."""
    return seen.state == IDLE


def used(before: Iterable[Seen], after: Iterable[Seen]) -> dict[int, tuple[str, ...]]:
    """Return what was said meanwhile on each connection, of those on which something was."""
    counts = {one.number: one.statements for one in before}
    new = {one.number: one.statements - counts.get(one.number, 0) for one in after}
    return {one.number: one.said[-new[one.number] :] for one in after if new[one.number]}


def was_entered(said: Iterable[str]) -> str | None:
    """Return the first statement that touched rows before any that may have cleared the context."""
    for statement in said:
        if _TOUCHES_ROWS.search(statement):
            return statement
        if _MAY_CLEAR.search(statement):
            return None
    return None
