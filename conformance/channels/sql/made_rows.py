"""Rows of tables that the profile says nothing of, made from what the catalog says of them."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

from psycopg import sql

if TYPE_CHECKING:
    from conformance.channels.sql.attempts import Connection
    from conformance.channels.sql.tables import Named

_COLUMNS = """
    SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), b.typcategory::text,
           a.attnotnull OR t.typnotnull, a.atthasdef OR a.attidentity <> '',
           EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique
                                            AND a.attnum = ANY (i.indkey)),
           (SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = b.oid
             ORDER BY e.enumsortorder LIMIT 1),
           fn.nspname::text, fc.relname::text, fa.attname::text
      FROM pg_attribute a
      JOIN pg_type t ON t.oid = a.atttypid
      JOIN pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
      LEFT JOIN LATERAL (SELECT con.confrelid, con.confkey[1] AS place FROM pg_constraint con
                          WHERE con.conrelid = a.attrelid AND con.contype = 'f'
                            AND con.conkey = ARRAY[a.attnum] LIMIT 1) f ON true
      LEFT JOIN pg_class fc ON fc.oid = f.confrelid
      LEFT JOIN pg_namespace fn ON fn.oid = fc.relnamespace
      LEFT JOIN pg_attribute fa ON fa.attrelid = fc.oid AND fa.attnum = f.place
     WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
       AND a.attgenerated = '' AND a.attidentity <> 'a'
       AND has_column_privilege(a.attrelid, a.attnum, 'INSERT')
     ORDER BY a.attnum"""


@dataclass(frozen=True)
class Column:
    """A column that the runtime role may fill."""

    name: str
    kind: str
    category: str
    is_required: bool
    has_default: bool
    is_unique: bool
    label: str | None
    refers_to: tuple[str, str, str] | None

    def value(self) -> sql.Composable:
        """Return a new value of its type, or one that a reference leads to."""
        if self.refers_to:
            schema, table, column = self.refers_to
            return sql.SQL("(SELECT {} FROM {} LIMIT 1)").format(
                sql.Identifier(column), sql.Identifier(schema, table)
            )
        made = {
            "N": str(1 + secrets.randbelow(30_000)),
            "D": "2030-01-01 12:00",
            "T": "1 hour",
            "B": "false",
            "I": "192.0.2.1",
            "A": "{}",
            "R": "empty",
            "E": self.label or "",
        }.get(self.category, str(uuid.uuid4()))
        if self.kind in {"json", "jsonb"}:
            made = "{}"
        elif self.kind == "bytea":
            made = "\\x" + secrets.token_hex(16)
        return sql.SQL("{}::{}").format(sql.Literal(made), typed(self.kind))


def typed(kind: str) -> sql.Composable:
    """Return a type as PostgreSQL spelt it: it quotes what needs it."""
    words: LiteralString = kind  # type: ignore[assignment] -- the catalog's own word, never a caller's
    return sql.SQL(words)


def fillable(connection: Connection, table: Named) -> list[Column]:
    """Return the columns of a table that the role may fill in an INSERT."""
    found = connection.execute(_COLUMNS, (table.identifier.as_string(connection),)).fetchall()
    return [
        Column(*row[:7], refers_to=(row[7], row[8], row[9]) if row[9] else None) for row in found
    ]


def insertions(
    columns: list[Column], table: Named, tenant_column: str, own: str, tenant: str
) -> list[sql.Composed]:
    """Return statements that insert a row for ``tenant``: a copy of one of ``own``, and a new one.

    Where the database has a value of its own for what must be unique, that is left to it.
    """
    owner = sql.Identifier(tenant_column)
    copied = [one for one in columns if not (one.is_unique and one.has_default)]
    made = [one for one in columns if one.is_required and not one.has_default]
    tenants = [one for one in columns if one.name == tenant_column]
    if not tenants:
        return []
    made = [*(one for one in made if one.name != tenant_column), *tenants]

    def value(one: Column, *, is_copy: bool) -> sql.Composable:
        if one.name == tenant_column:
            return sql.SQL("{}::{}").format(sql.Literal(tenant), typed(one.kind))
        if is_copy and (not one.is_unique or one.refers_to):
            return sql.Identifier(one.name)
        return one.value()

    def statement(chosen: list[Column], end: sql.Composable, *, is_copy: bool) -> sql.Composed:
        return sql.SQL("INSERT INTO {} ({}) SELECT {} {}").format(
            table.identifier,
            sql.SQL(", ").join(sql.Identifier(one.name) for one in chosen),
            sql.SQL(", ").join(value(one, is_copy=is_copy) for one in chosen),
            end,
        )

    source = sql.SQL("FROM {} WHERE {}::text = {} LIMIT 1").format(
        table.identifier, owner, sql.Literal(own)
    )
    return [
        statement(copied, source, is_copy=True),
        statement(made, sql.SQL(""), is_copy=False),
    ]
