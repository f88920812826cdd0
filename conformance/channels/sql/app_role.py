"""The app_sql channel: SQL as the role the server itself runs with."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, LiteralString, cast

from psycopg import Error, IsolationLevel, errors, sql

from conformance.channels.sql import catalog as catalog_sql
from conformance.channels.sql.attempts import (
    CLASHED,
    Connection,
    changed_rows,
    steadily,
    told,
)
from conformance.channels.sql.database import connected_with_a_watch
from conformance.channels.sql.misnamed import entries_of_the_role, naming_the_entry
from conformance.channels.sql.roles import RoleFacts, facts_of
from conformance.channels.sql.tables import (
    Named,
    TableIsolation,
    guarded_tables,
    identified,
    is_among,
    named,
)
from conformance.forge.guise import in_guise

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from conformance.profile.target import AppSql


class AppDatabase:
    """Connections as the runtime role; every transaction of ours is rolled back.

    Methods raise psycopg.Error (hence *inconclusive*) for anything but the refusal they look for,
    and NotEstablishedError where the database does not know a name of the profile.
    ``note`` is told of each statement that was tried, and how many rows it changed.
    """

    def __init__(self, channel: AppSql, note: Callable[[str, str], None]) -> None:
        self.channel, self.note = channel, note

    @contextmanager
    def connect(self) -> Generator[Connection]:
        """Open a connection and a transaction on it that is rolled back, whatever happens.

        Checks try to destroy what must not be destroyed; where they succeed, nothing may stay so.
        """
        with self.pooled() as connection, connection.transaction(force_rollback=True):
            yield connection

    @contextmanager
    def snapshot(self) -> Generator[Connection]:
        """Open what ``connect`` does, which sees nothing of what others commit meanwhile.

        Where they change the same rows, that is an error: see ``steadily``.
        """
        with self.pooled() as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            with connection.transaction(force_rollback=True):
                yield connection

    @contextmanager
    def pooled(self) -> Generator[Connection]:
        """Open a connection that may end its transactions, as a pool's does: for reading only."""
        connection = connected_with_a_watch(self.channel.dsn)
        try:
            with naming_the_entry(entries_of_the_role(self.channel)):
                yield connection
        finally:
            connection.close()

    @contextmanager
    def as_tenant(self, context: str | None) -> Generator[Connection]:
        """Open a transaction in a tenant's context, as the server does; None sets none."""
        with self.connect() as connection:
            if context is not None:
                self.enter(connection, context)
            yield connection

    def enter(self, connection: Connection, context: str) -> None:
        """Bind the connection's transaction to a tenant."""
        setting = self.channel.tenant_setting
        connection.execute("SELECT set_config(%s, %s, true)", (setting, context))

    # -- what is there -------------------------------------------------------------------------

    def role(self, name: str | None = None) -> RoleFacts:
        """Return the powers of a role; without a name, of the one we are connected as."""
        with self.connect() as connection:
            facts = facts_of(connection, name)
        self.note(
            f"the role {name}" if name else "the runtime role",
            "\n".join(f"{k}: {v}" for k, v in asdict(facts).items()),
        )
        return facts

    def isolation(self) -> list[TableIsolation]:
        """Return the tables with a tenant column, but for those the profile takes out."""
        return [table for table in self.guarded() if table.has_tenant]

    def guarded(self) -> list[TableIsolation]:
        """Return the tables with a tenant column or a policy, but for those that are taken out."""
        channel = self.channel
        with self.connect() as connection:
            return guarded_tables(connection, channel.tenant_column, channel.outside_rls)

    def readable(self) -> list[Named]:
        """Return the tenant tables the runtime role may read."""
        return [one.table for one in self.isolation() if one.readable]

    def tenants_seen(self, connection: Connection, table: str | Named) -> set[str]:
        """Return the tenants whose rows a SELECT without WHERE yields; a row may be nobody's."""
        query = self.over(table, "SELECT DISTINCT {tenant}::text FROM {table}")
        return {str(row[0]) for row in connection.execute(query) if row[0] is not None}

    def tenants_seen_or_none(self, context: str | None, table: str | Named) -> set[str]:
        """Return the tenants seen in a context that names none; an SQL error shows none."""
        with self.as_tenant(context) as connection:
            return self.tenants_seen_on(connection, table)

    def tenants_seen_on(self, connection: Connection, table: str | Named) -> set[str]:
        """Return the tenants seen on a connection as it is; an SQL error shows none."""
        try:
            return self.tenants_seen(connection, table)
        except errors.OperationalError:
            raise  # the database is in trouble, or gone: that says nothing of the policies
        except Error:
            return set()

    def readable_views(self) -> list[tuple[Named, bool]]:
        """Return the views that the runtime role may read; each with whether it has the tenant."""
        with self.connect() as connection:
            rows = connection.execute(catalog_sql.READABLE_VIEWS, (self.channel.tenant_column,))
            return [(Named(*row[:3]), row[3]) for row in rows]

    def text_seen(self, context: str, view: Named) -> str:
        """Return what a view shows in a tenant's context, as text; an SQL error shows nothing."""
        query = self.over(view, "SELECT to_jsonb(v)::text FROM {table} v LIMIT 1000")
        with self.as_tenant(context) as connection:
            try:
                return "\n".join(row[0] for row in connection.execute(query))
            except errors.OperationalError:
                raise
            except Error:
                return ""

    def powerful_functions(self) -> tuple[list[str], list[str]]:
        """Return functions the role may call that run above the policies, and others to bend."""
        with self.connect() as connection:
            found = connection.execute(catalog_sql.POWERFUL_FUNCTIONS).fetchall()
        return [row[0] for row in found if row[1]], [row[0] for row in found if not row[1]]

    def constraint_oracles(self) -> list[str]:
        """Return unique and foreign keys over tenant tables that leave the tenant out."""
        values = {"tenant": self.channel.tenant_column}
        with self.connect() as connection:
            rows = connection.execute(catalog_sql.CONSTRAINT_ORACLES, values).fetchall()
            tables = guarded_tables(connection, self.channel.tenant_column, ())
        known, outside = self.channel.unguessable, self.channel.outside_rls
        found = [(name, Named(*table)) for name, *table in rows]
        return [
            f"{name} of {table}"
            for name, table in found
            if name not in known
            and f"{table.schema}.{name}" not in known
            and not is_among(table, outside, [one.table for one in tables])
        ]

    def key_count_without_context(self) -> int:
        """Return how many key rows the role sees where no tenant is set."""
        with self.connect() as connection:
            query = self.over(self.channel.keys_table, "SELECT count(*) FROM {table}")
            row = connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    def key_rows(self, tenant_id: str) -> list[str] | None:
        """Return a tenant's key rows as text, without the time of last use.

        Of each what the role may read; None where it may not even read whose they are.
        """
        channel = self.channel
        with self.as_tenant(tenant_id) as connection:
            table = named(channel.keys_table).as_string(connection)
            found = connection.execute(catalog_sql.READABLE_COLUMNS, {"table": table}).fetchall()
            columns = [row[0] for row in found if row[0] != channel.last_used_column]
            if channel.tenant_column not in columns:
                return None
            query = sql.SQL(
                "SELECT to_jsonb(k)::text FROM (SELECT {columns} FROM {table} "
                "WHERE {tenant}::text = %s) k ORDER BY 1"
            ).format(
                columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
                table=named(channel.keys_table),
                tenant=sql.Identifier(channel.tenant_column),
            )
            return [row[0] for row in connection.execute(query, (tenant_id,))]

    def last_used(self, tenant_id: str) -> str | None:
        """Return when any key of a tenant was last used, as text."""
        query = sql.SQL("SELECT max({used})::text FROM {table} WHERE {tenant}::text = %s").format(
            used=sql.Identifier(self.channel.last_used_column),
            table=named(self.channel.keys_table),
            tenant=sql.Identifier(self.channel.tenant_column),
        )
        with self.as_tenant(tenant_id) as connection:
            row = connection.execute(query, (tenant_id,)).fetchone()
        return row[0] if row else None

    @contextmanager
    def locked_keys(self, tenant_id: str) -> Generator[int]:
        """Hold a tenant's key rows locked against writers; yields how many."""
        query = self.over(
            self.channel.keys_table, "SELECT 1 FROM {table} WHERE {tenant}::text = %s FOR UPDATE"
        )
        with self.as_tenant(tenant_id) as connection:
            yield len(connection.execute(query, (tenant_id,)).fetchall())

    def may_hand_over(self) -> bool:
        """Tell whether the role may UPDATE the tenant's column of the data table at all."""
        with self.connect() as connection:
            return self.updatable(connection) == self.channel.tenant_column

    # -- what can be done ----------------------------------------------------------------------

    def inserted_as(self, context: str, *, for_tenant: str) -> bool:
        """Tell whether a tenant could insert a row that belongs to ``for_tenant``.

        It is that tenant who must see it: a trigger may have made it the inserting one's own.
        """

        def inserted() -> bool:
            with self.snapshot() as connection:
                self.enter(connection, for_tenant)
                before = self.count(connection)
                self.enter(connection, context)
                self._tried(connection, context, *self.insertion(for_tenant))
                self.enter(connection, for_tenant)
                return self.count(connection) > before

        return steadily(inserted)

    def insertion(self, tenant_id: str) -> tuple[sql.SQL, dict[str, str]]:
        """Return the profile's statement that inserts a row, and its values."""
        statement = cast("LiteralString", self.channel.insert)
        return sql.SQL(statement), {
            "tenant": tenant_id,
            "unique": f"{in_guise('hallmark')}-{uuid.uuid4()}",
        }

    def spelt_out(self, tenant_id: str, unique: str) -> str:
        """Return the profile's statement that inserts a row as text, its values in their places."""
        values = {"tenant": tenant_id, "unique": unique}
        return self.channel.insert % {name: f"'{value}'" for name, value in values.items()}

    def shows_mark(self, tenant_id: str, mark: str, *, inserting: bool = False) -> bool:
        """Tell whether a tenant sees a row with a mark; ``inserting`` adds one, and takes it back.

        The mark is what the profile's statement calls ``unique``.
        """
        query = self.over(
            self.channel.data_table,
            "SELECT 1 FROM {table} AS found WHERE strpos(to_jsonb(found)::text, %s) > 0 LIMIT 1",
        )
        with self.as_tenant(tenant_id) as connection:
            if inserting:
                statement, values = self.insertion(tenant_id)
                connection.execute(statement, {**values, "unique": mark})
            return connection.execute(query, (mark,)).fetchone() is not None

    def updated_as(self, context: str, *, of: str, to: str) -> bool:
        """Tell whether a tenant could rewrite rows ``of`` one tenant as rows of another."""
        query = self.over(
            self.channel.data_table,
            "UPDATE {table} SET {tenant} = %(to)s WHERE {tenant}::text = %(of)s",
        )
        with self.as_tenant(context) as connection:
            return self._tried(connection, context, query, {"of": of, "to": to}) > 0

    def key_moved(self, tenant_id: str, *, to: str) -> bool:
        """Tell whether the role could give a tenant's keys to another."""
        query = self.over(
            self.channel.keys_table,
            "UPDATE {table} SET {tenant} = %(to)s WHERE {tenant}::text = %(of)s",
        )
        with self.as_tenant(tenant_id) as connection:
            return self._tried(connection, tenant_id, query, {"of": tenant_id, "to": to}) > 0

    def keys_deleted(self, tenant_id: str) -> bool:
        """Tell whether the role could delete a tenant's keys."""
        query = self.over(
            self.channel.keys_table, "DELETE FROM {table} WHERE {tenant}::text = %(of)s"
        )
        with self.as_tenant(tenant_id) as connection:
            return self._tried(connection, tenant_id, query, {"of": tenant_id}) > 0

    def changed_blindly(self, context: str, statement: str) -> tuple[int, int]:
        """Return how many rows a tenant has, and what ``blind_change`` of all rows reached."""
        query = self.over(
            self.channel.data_table, "SELECT count(*) FROM {table} WHERE {tenant}::text = %(own)s"
        )

        def change() -> tuple[int, int]:
            with self.snapshot() as connection:
                self.enter(connection, context)
                row = connection.execute(query, {"own": context}).fetchone()
                return row[0] if row else 0, self.blind_change(connection, statement, context)

        own, changed = steadily(change)
        self.note(
            f"SQL as tenant {context}",
            f"{statement} without WHERE; rows of its own: {own}\n→ {told(changed)}",
        )
        return own, changed

    def count(self, connection: Connection) -> int:
        """Return how many rows of the data table the current context sees."""
        query = self.over(self.channel.data_table, "SELECT count(*) FROM {table}")
        row = connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    def blind_change(self, connection: Connection, statement: str, tenant_id: str) -> int:
        """UPDATE or DELETE without WHERE; return how many rows it changed, 0 where it was refused.

        An UPDATE makes all rows the tenant's; where the role may not write that column, it sets
        another to itself. Neither changes a row of the tenant's own, so what it clashes with
        (``CLASHED``) is another's; a DELETE may clash with references to its own.
        """
        if statement == "UPDATE":
            column = self.updatable(connection)
            if column in {None, self.channel.tenant_column}:
                return self.hand_over(connection, tenant_id)
            own = sql.SQL("UPDATE {table} SET {column} = {column}").format(
                table=named(self.channel.data_table), column=sql.Identifier(column or "")
            )
            return changed_rows(connection, own, {})
        try:
            return changed_rows(
                connection, self.over(self.channel.data_table, "DELETE FROM {table}"), {}
            )
        except errors.IntegrityError:
            return 0

    def hand_over(self, connection: Connection, tenant_id: str) -> int:
        """Make all rows a tenant's; return how many, 0 where it was refused, or ``CLASHED``."""
        query = self.over(self.channel.data_table, "UPDATE {table} SET {tenant} = %(to)s")
        try:
            return changed_rows(connection, query, {"to": tenant_id})
        except errors.IntegrityError:
            return CLASHED

    def updatable(self, connection: Connection) -> str | None:
        """Return a column of the data table that the role may UPDATE, the tenant's if it may."""
        return next(iter(self.columns(connection, self.channel.data_table)), None)

    def columns(self, connection: Connection, table: str | Named) -> list[str]:
        """Return the columns of a table that the role may UPDATE, the tenant's first."""
        names = {
            "table": identified(table).as_string(connection),
            "tenant": self.channel.tenant_column,
        }
        return [row[0] for row in connection.execute(catalog_sql.UPDATABLE, names)]

    def carried_out(self, statement: str) -> bool:
        """Tell whether a statement without rows was permitted."""
        with self.connect() as connection:
            return changed_rows(connection, sql.SQL(cast("LiteralString", statement)), {}) != 0

    def _tried(
        self,
        connection: Connection,
        context: str | None,
        query: sql.SQL | sql.Composed,
        values: dict[str, str],
    ) -> int:
        """Try a statement as ``changed_rows`` does, and note it."""
        rows = changed_rows(connection, query, values)
        words = f"{query.as_string(connection)}\n" + "".join(
            f"{name} = {value}\n" for name, value in values.items()
        )
        whose = "without a tenant" if context is None else f"as tenant {context}"
        self.note(f"SQL {whose}", f"{words}→ {told(rows)}")
        return rows

    def over(self, table: str | Named, statement: str, column: str | None = None) -> sql.Composed:
        """Return a statement of ours with the names this database has."""
        tenant = self.channel.tenant_column
        return sql.SQL(cast("LiteralString", statement)).format(
            table=identified(table),
            tenant=sql.Identifier(tenant),
            column=sql.Identifier(column or tenant),
        )
