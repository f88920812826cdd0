"""A model of perfect isolation, and random histories that a database must agree with.

Every history runs in one transaction that is rolled back, with savepoints inside it; the tenant's
context is changed between statements, as a pool changes hands between transactions.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import hypothesis
from hypothesis import strategies
from psycopg import errors

from conformance.channels.sql.attempts import refused, steadily

if TYPE_CHECKING:
    from conformance.channels.sql.app_role import AppDatabase
    from conformance.channels.sql.attempts import Connection

HISTORIES = 25
LONGEST = 14

_ACTS = ("read", "insert own", "insert foreign", "update", "delete", "give away", "undo", "fail")


@dataclass
class History:
    """One run of statements, beside what a perfectly isolated database would hold."""

    database: AppDatabase
    connection: Connection
    tenants: tuple[str, str]
    rows: dict[str, int] = field(default_factory=dict[str, int])

    def enter(self, tenant: str) -> None:
        """Put the transaction into a tenant's context."""
        setting = self.database.channel.tenant_setting
        self.connection.execute("SELECT set_config(%s, %s, true)", (setting, tenant))

    def act(self, tenant: str, name: str) -> str:
        """Do one act as a tenant; return what disagrees with the model, or nothing."""
        self.enter(tenant)
        other = self.tenants[1] if tenant == self.tenants[0] else self.tenants[0]
        expected, seen = self._done(tenant, other, name)
        if expected != seen:
            return f"{name} as {tenant}: expected {expected}, saw {seen}"
        visible = self.database.count(self.connection)
        if visible != self.rows[tenant]:
            return f"after {name}, {tenant} sees {visible} rows instead of {self.rows[tenant]}"
        return ""

    def _done(self, tenant: str, other: str, name: str) -> tuple[Any, Any]:
        if name == "read":
            want: set[str] = {tenant} if self.rows[tenant] else set()
            table = self.database.channel.data_table
            return want, self.database.tenants_seen(self.connection, table)
        if name == "insert own":
            self.rows[tenant] += 1
            return False, refused(self.connection, *self.database.insertion(tenant))
        if name == "insert foreign":
            was_refused = refused(self.connection, *self.database.insertion(other))
            return True, was_refused or self._is_kept(tenant, other, more=1)
        if name in {"update", "delete"}:
            return self._changed_blindly(tenant, name)
        if name == "give away":
            given = self.database.hand_over(self.connection, other)
            return 0, 0 if given > 0 and self._is_kept(tenant, other, more=0) else given
        return self._disturbed(tenant, name)

    def _is_kept(self, tenant: str, other: str, *, more: int) -> bool:
        """Tell whether what should have become another's is the tenant's: a trigger may see to it.

        The model then has so many rows more.
        """
        self.enter(other)
        others = self.database.count(self.connection)
        self.enter(tenant)
        own = self.database.count(self.connection)
        if (own, others) != (self.rows[tenant] + more, self.rows[other]):
            return False
        self.rows[tenant] = own
        return True

    def _changed_blindly(self, tenant: str, name: str) -> tuple[int, int]:
        """Its own rows are changed at most; fewer, or none, where the role may not."""
        changed = self.database.blind_change(self.connection, name.upper(), tenant)
        own = max(0, min(changed, self.rows[tenant]))
        if name == "delete":
            self.rows[tenant] -= own
        return own, changed

    def _disturbed(self, tenant: str, name: str) -> tuple[Any, Any]:
        kept = dict(self.rows)
        self.connection.execute("SAVEPOINT history")
        if name == "undo":
            refused(self.connection, *self.database.insertion(tenant))
        else:
            self._stumble()
        self.connection.execute("ROLLBACK TO SAVEPOINT history")
        self.enter(tenant)
        self.rows = kept
        return None, None

    def _stumble(self) -> None:
        with suppress(errors.DivisionByZero):
            self.connection.execute("SELECT 1 / 0")


def run_model(database: AppDatabase, a: str, b: str) -> str:
    """Return the shortest disagreement hypothesis finds, or nothing."""
    acts = strategies.tuples(strategies.sampled_from((a, b)), strategies.sampled_from(_ACTS))
    found: list[str] = []

    @hypothesis.settings(
        max_examples=HISTORIES,
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    @hypothesis.given(strategies.lists(acts, max_size=LONGEST))
    def play(history: list[tuple[str, str]]) -> None:
        disagreement = steadily(lambda: _played(database, (a, b), history))
        if disagreement:
            found.append(f"{disagreement} (history of {len(history)})")
            raise DisagreementError

    try:
        play()
    except DisagreementError:
        return found[-1]
    return ""


def _played(database: AppDatabase, tenants: tuple[str, str], history: list[tuple[str, str]]) -> str:
    """Play a history on a snapshot: what others commit meanwhile is no part of it."""
    with database.snapshot() as connection:
        played = History(database, connection, tenants)
        for tenant in tenants:
            played.enter(tenant)
            played.rows[tenant] = database.count(connection)
        for tenant, name in history:
            if disagreement := played.act(tenant, name):
                return disagreement
    return ""


class DisagreementError(Exception):
    """The database did what the model does not allow."""
