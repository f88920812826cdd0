"""Tries on every tenant table what one tenant must not do to another there; nothing stays done.

Each table is tried in a transaction of its own, on a snapshot, so that what others write meanwhile
is not taken for what was tried. A tenant without rows there is given one first, if one can be made.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING

import psycopg
from psycopg import errors, sql

from conformance.channels.sql.attempts import steadily
from conformance.channels.sql.made_rows import fillable, insertions
from conformance.channels.sql.privacy import versions_seen

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.channels.sql.app_role import AppDatabase
    from conformance.channels.sql.attempts import Connection
    from conformance.channels.sql.tables import Named, TableIsolation

Statement = tuple["sql.SQL | sql.Composed", "dict[str, str] | None"]

SECONDS = 40.0
"""The longest that all tables together may take."""
_WATCH = "SET LOCAL statement_timeout = '3s'; SET LOCAL lock_timeout = '2s'"


class Outcome(Enum):
    """What became of a statement."""

    DONE = auto()
    NOTHING = auto()
    REFUSED = auto()
    CONSTRAINED = auto()
    """It was no policy that refused it: those are asked before any constraint."""


@dataclass
class Tried:
    """What was crossed, table by table, and what could not be tried, by the reason."""

    crossed: list[str] = field(default_factory=list[str])
    passed: list[str] = field(default_factory=list[str])
    untried: dict[str, str] = field(default_factory=dict[str, str])
    unfinished: list[str] = field(default_factory=list[str])

    def __str__(self) -> str:
        """Tell it in a few lines."""
        lines = [f"crossed: {', '.join(self.crossed) or 'none'}"]
        lines.append(f"kept apart: {', '.join(self.passed) or 'none'}")
        lines += [f"not tried, {table}: {why}" for table, why in self.untried.items()]
        lines += [f"not finished: {table}" for table in self.unfinished]
        return "\n".join(lines)


class UntriedError(Exception):
    """A table gave nothing to try a statement on."""


class Crossings:
    """Statements of tenant ``a`` that would reach what is tenant ``b``'s."""

    def __init__(self, database: AppDatabase, a: str, b: str) -> None:
        self._database, self._a, self._b = database, a, b
        self._column = database.channel.tenant_column

    def inserts(self) -> Tried:
        """Try to insert rows of ``b`` as ``a``."""
        return self._each("insert rows for another tenant", self._inserted, self._with_tenant())

    def moves(self) -> Tried:
        """Try to give rows of ``a`` to ``b``."""
        return self._each("move rows to another tenant", self._moved, self._with_tenant())

    def changes(self, statement: str) -> Tried:
        """Try to UPDATE or DELETE rows of ``b`` as ``a``, those it may not even see among them."""

        def changed(connection: Connection, table: TableIsolation) -> bool:
            return self._changed(connection, table, statement)

        tables = [one for one in self._database.guarded() if not self._is_trail(one)]
        return self._each(f"{statement} another tenant's rows", changed, tables)

    def _with_tenant(self) -> list[TableIsolation]:
        """Return the tables with a tenant column, but the trail: that one is of all tenants."""
        return [one for one in self._database.isolation() if not self._is_trail(one)]

    def _is_trail(self, one: TableIsolation) -> bool:
        return one.table.is_called(self._database.channel.audit_table)

    def _each(
        self,
        what: str,
        attempt: Callable[[Connection, TableIsolation], bool],
        tables: list[TableIsolation],
    ) -> Tried:
        tried, deadline = Tried(), time.monotonic() + SECONDS

        def once(table: TableIsolation) -> bool:
            with self._database.snapshot() as connection:
                connection.execute(_WATCH)
                return attempt(connection, table)

        for one in tables:
            name = str(one.table)
            if time.monotonic() > deadline:
                tried.unfinished.append(name)
                continue
            try:
                is_crossed = steadily(lambda one=one: once(one))
            except UntriedError as error:
                tried.untried[name] = str(error)
            except (errors.QueryCanceled, errors.LockNotAvailable):
                tried.unfinished.append(name)
            else:
                (tried.crossed if is_crossed else tried.passed).append(name)
        self._database.note(what, str(tried))
        return tried

    # -- one table -----------------------------------------------------------------------------

    def _inserted(self, connection: Connection, one: TableIsolation) -> bool:
        own_forms = self._forms(connection, one.table, self._a, self._a)
        foreign_forms = self._forms(connection, one.table, self._a, self._b)
        if own_forms and not one.readable:
            raise UntriedError("the role may not read it")
        why = ""
        for own_form, foreign_form in zip(own_forms, foreign_forms, strict=True):
            own, why = self._do(connection, own_form, self._a)
            before = self._owned(connection, one, self._b)
            foreign, constraint = self._do(connection, foreign_form, self._a)
            if foreign is Outcome.DONE and self._owned(connection, one, self._b) != before:
                return True
            if foreign is not Outcome.CONSTRAINED and own in {Outcome.DONE, Outcome.CONSTRAINED}:
                return False
            why = constraint or why
        if why:
            raise UntriedError(f"no row could be inserted ({why})")
        return False  # not even one of its own

    def _moved(self, connection: Connection, one: TableIsolation) -> bool:
        if self._column not in self._database.columns(connection, one.table):
            return False
        self._require_rows(connection, one, self._a)
        before = self._owned(connection, one, self._b)
        give = sql.SQL("UPDATE {} SET {} = {}").format(
            one.table.identifier, sql.Identifier(self._column), sql.Literal(self._b)
        )
        own = sql.SQL("{} WHERE {}::text = {}").format(
            give, sql.Identifier(self._column), sql.Literal(self._a)
        )
        for statement in (own, give):
            outcome, _ = self._do(connection, (statement, None), self._a)
            if outcome is Outcome.DONE and self._owned(connection, one, self._b) != before:
                return True
        return False

    def _changed(self, connection: Connection, one: TableIsolation, statement: str) -> bool:
        statements = self._reaching(connection, one, statement)
        if not statements:
            return False
        if one.has_tenant:
            self._require_rows(connection, one, self._b)
        seen = partial(
            versions_seen, self._database, connection, one.table, is_labelled=one.has_tenant
        )
        theirs = seen(self._b)
        if not one.has_tenant:
            theirs -= seen(self._a)
        if not theirs:
            raise UntriedError("no row is seen by the other tenant alone")
        for query in statements:
            with connection.transaction(force_rollback=True):
                self._do(connection, (query, None), self._a)
                if theirs - seen(self._b, among=theirs):
                    return True
        return False

    def _reaching(
        self, connection: Connection, one: TableIsolation, statement: str
    ) -> list[sql.Composed]:
        """Return statements that change rows, by name and blindly; none where the role may not.

        What has no WHERE and reads no column meets the policies for writing alone.
        """
        database, column = self._database, sql.Identifier(self._column)
        table = one.table.identifier
        if statement == "DELETE":
            may = connection.execute(
                "SELECT has_table_privilege(%s, 'DELETE')", (table.as_string(connection),)
            ).fetchone()
            if not may or not may[0]:
                return []
            blind = [sql.SQL("DELETE FROM {}").format(table)]
        else:
            columns = database.columns(connection, one.table)
            blind = [
                sql.SQL("UPDATE {} SET {c} = {c}").format(table, c=sql.Identifier(name))
                for name in [name for name in columns if name != self._column][:1]
            ]
            if self._column in columns:
                take = sql.SQL("UPDATE {} SET {} = {}")
                blind.append(take.format(table, column, sql.Literal(self._a)))
        if not one.has_tenant:
            return blind
        where = sql.SQL("{} WHERE {}::text = {}")
        return [where.format(query, column, sql.Literal(self._b)) for query in blind] + blind

    def _require_rows(self, connection: Connection, one: TableIsolation, tenant: str) -> None:
        """Have a row of a tenant's own there. Raises UntriedError where there can be none."""
        if not one.readable:
            raise UntriedError("the role may not read it")
        if self._owned(connection, one, tenant):
            return
        why = "the role may not insert"
        for form in self._forms(connection, one.table, tenant, tenant):
            outcome, why = self._do(connection, form, tenant)
            if outcome is Outcome.DONE and self._owned(connection, one, tenant):
                return
        raise UntriedError(f"no row is there, and none could be made ({why})")

    def _forms(
        self, connection: Connection, table: Named, own: str, tenant: str
    ) -> list[Statement]:
        """Return statements that would each insert a row for a tenant: the profile's, if it may."""
        columns = fillable(connection, table)
        made: list[Statement] = [
            (one, None) for one in insertions(columns, table, self._column, own, tenant)
        ]
        is_data = table.is_called(self._database.channel.data_table)
        return [self._database.insertion(tenant), *made] if is_data else made

    def _do(
        self, connection: Connection, statement: Statement, context: str
    ) -> tuple[Outcome, str]:
        """Do a statement in a tenant's context; return what became of it, and the words for it."""
        query, values = statement
        self._database.enter(connection, context)
        try:
            with connection.transaction():
                rows = connection.execute(query, values).rowcount
        except (errors.InsufficientPrivilege, errors.RaiseException):
            return Outcome.REFUSED, ""
        except (errors.QueryCanceled, errors.LockNotAvailable, errors.TransactionRollback):
            raise
        except errors.OperationalError:
            raise
        except psycopg.Error as error:
            return Outcome.CONSTRAINED, str(error).splitlines()[0]
        return (Outcome.DONE if rows else Outcome.NOTHING), "" if rows else "there is none to copy"

    def _owned(self, connection: Connection, one: TableIsolation, tenant: str) -> int:
        """Return how many rows are a tenant's, as it sees them itself."""
        query = sql.SQL("SELECT count(*) FROM {} WHERE {}::text = {}").format(
            one.table.identifier, sql.Identifier(self._column), sql.Literal(tenant)
        )
        self._database.enter(connection, tenant)
        row = connection.execute(query).fetchone()
        return int(row[0]) if row else 0
