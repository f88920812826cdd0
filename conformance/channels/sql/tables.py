"""Tables by their whole names, and how PostgreSQL isolates each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from conformance.channels.sql.attempts import Connection

TABLES = """
    SELECT n.nspname::text, c.relname::text, pg_table_is_visible(c.oid),
           EXISTS (SELECT FROM pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attname = %(tenant)s AND NOT a.attisdropped),
           c.relrowsecurity, c.relforcerowsecurity,
           (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid),
           has_table_privilege(c.oid, 'SELECT')
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p')
       AND (has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
            OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE'))
       AND (EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid
                       AND a.attname = %(tenant)s AND NOT a.attisdropped)
            OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))
     ORDER BY 1, 2"""


@dataclass(frozen=True)
class Named:
    """A table or view of the database. As text it has its schema only where it needs it."""

    schema: str
    name: str
    is_visible: bool

    def __str__(self) -> str:
        """Name it as a statement of the runtime role would."""
        return self.name if self.is_visible else f"{self.schema}.{self.name}"

    @property
    def identifier(self) -> sql.Identifier:
        """Its name in a statement, which no search path can lead elsewhere."""
        return sql.Identifier(self.schema, self.name)

    def is_called(self, name: str) -> bool:
        """Tell whether a name of the profile means it: SCHEMA.NAME, or NAME where that is found."""
        return name == f"{self.schema}.{self.name}" or (self.is_visible and name == self.name)


@dataclass(frozen=True)
class TableIsolation:
    """How PostgreSQL isolates one table that has a tenant column, or a policy."""

    table: Named
    has_tenant: bool
    rls_enabled: bool
    rls_forced: bool
    policies: int
    readable: bool

    def __str__(self) -> str:
        """Tell it in a line."""
        enabled = "enabled" if self.rls_enabled else "not enabled"
        forced = "forced" if self.rls_forced else "not forced"
        return f"{self.table}: {enabled}, {forced}, policies: {self.policies}"


def guarded_tables(
    connection: Connection, tenant_column: str, outside: tuple[str, ...]
) -> list[TableIsolation]:
    """Return the tables with a tenant column or a policy, but for those that are left out."""
    rows = connection.execute(TABLES, {"tenant": tenant_column}).fetchall()
    found = [TableIsolation(Named(*row[:3]), *row[3:]) for row in rows]
    return [one for one in found if not is_among(one.table, outside, [o.table for o in found])]


def is_among(table: Named, names: tuple[str, ...], known: list[Named]) -> bool:
    """Tell whether a table is one of the profile's.

    A bare name that the search path does not lead to means each table of that name: a server may
    set its path only at run time.
    """
    return any(
        table.is_called(name)
        or (name == table.name and not any(other.is_called(name) for other in known))
        for name in names
    )


def named(name: str) -> sql.Identifier:
    """Return a name of the profile, NAME or SCHEMA.NAME, as it stands in a statement."""
    return sql.Identifier(*name.split("."))


def identified(table: str | Named) -> sql.Identifier:
    """Return a table as it stands in a statement, whether the profile named it or the catalog."""
    return table.identifier if isinstance(table, Named) else named(table)
