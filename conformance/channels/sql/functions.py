"""Functions that run with their owner's rights: what they would do for the runtime role."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

from psycopg import Error, errors, sql

from conformance.channels.sql.catalog import OWNERS_RIGHTS
from conformance.channels.sql.made_rows import typed
from conformance.channels.sql.tables import Named, identified
from conformance.text.disguised import shows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.channels.sql.app_role import AppDatabase

MOST_ROWS = 1000
_WATCH = "SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = '3s'"
_ABOVE_THE_TRAIL = f"""
    SELECT p.oid::regprocedure::text, r.rolname::text, pg_get_functiondef(p.oid)
    {OWNERS_RIGHTS}
       AND p.prokind IN ('f', 'p')
       AND EXISTS (SELECT FROM pg_class c WHERE c.oid = %(trail)s::regclass
                    AND (r.rolsuper OR pg_has_role(r.oid, c.relowner, 'USAGE')
                         OR has_table_privilege(r.oid, c.oid, 'UPDATE, DELETE, TRUNCATE')
                         OR has_any_column_privilege(r.oid, c.oid, 'UPDATE')))
     ORDER BY 1"""  # noqa: S608 -- of parts of ours # nosec B608
_GUARDS = """
    SELECT t.tgtype FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
     WHERE t.tgrelid = %(trail)s::regclass AND t.tgenabled IN ('O', 'A')
       AND p.prosrc ~* 'raise\\s+exception'"""
_NAME = """
    SELECT n.nspname::text, c.relname::text
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = %(trail)s::regclass"""
_GUARDED = {"DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}
"""PostgreSQL's own bits of the statements that a trigger is for."""

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_DYNAMIC = re.compile(r"\bEXECUTE\b", re.IGNORECASE)
_CHANGES: Mapping[str, str] = {
    "UPDATE": r"\bUPDATE\s+(ONLY\s+)?{t}|\bMERGE\s+INTO\s+(ONLY\s+)?{t}"
    r"|\bINSERT\s+INTO\s+{t}((?!\bINSERT\s+INTO\b)[^;])*\bDO\s+UPDATE\b",
    "DELETE": r"\bDELETE\s+FROM\s+(ONLY\s+)?{t}",
    "TRUNCATE": r"\bTRUNCATE\s+(TABLE\s+)?(ONLY\s+)?{t}",
    "ALTER": r"\b(ALTER|DROP)\s+TABLE\s+(IF\s+EXISTS\s+)?(ONLY\s+)?{t}",
    "SET session_replication_role": r"\bsession_replication_role\b",
}
_ASKS_WHO = re.compile(
    r"\b(IF|WHEN|WHERE|AND|OR)\b[^;]*\b(session_user|pg_has_role)\b", re.IGNORECASE
)
"""A condition on who logged in: inside such a function the current user is its owner."""

_TELLING = f"""
    SELECT p.oid::regprocedure::text, n.nspname::text, p.proname::text,
           ARRAY(SELECT format_type(one, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY a(one, at)
                  ORDER BY at),
           (SELECT to_json(ARRAY[to_json(c.relrowsecurity), to_json(s.nspname),
                                 to_json(c.relname), to_json(pg_table_is_visible(c.oid))])
              FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
             WHERE c.reltype = p.prorettype)
    {OWNERS_RIGHTS}
       AND p.prokind = 'f' AND p.prorettype <> 'void'::regtype AND p.provariadic = 0
     ORDER BY 1"""  # noqa: S608 -- of parts of ours # nosec B608
_MADE = {
    "integer": "1000",
    "bigint": "1000",
    "smallint": "1000",
    "numeric": "1000",
    "text": "%",
    "character varying": "%",
    "boolean": "true",
    "json": "{}",
    "jsonb": "{}",
}
"""Values with which a function is likely to show all that it can, by its arguments' types."""
_NAMING = {"uuid", "integer", "bigint", "text", "character varying"}
"""Types that a tenant's id may have."""


def changers_of_the_trail(database: AppDatabase) -> tuple[list[str], list[str]]:
    """Return the functions that change the trail for whoever calls them, and by what.

    By their own words: what they are called with, and what becomes of it, only they know. What a
    trigger refuses to anybody is no change. Those that ask who calls come second: whether they
    would do it for the runtime role is not seen.
    """
    trail = identified(database.channel.audit_table)
    with database.connect() as connection:
        names = {"trail": trail.as_string(connection)}
        name = connection.execute(_NAME, names).fetchone() or ("", database.channel.audit_table)
        guards = [row[0] for row in connection.execute(_GUARDS, names)]
        found = connection.execute(_ABOVE_THE_TRAIL, names).fetchall()
    changers: tuple[list[str], list[str]] = [], []
    for function, owner, definition in found:
        ways = [how for how in changes_in(definition, *name) if not _guarded(how, guards)]
        if ways:
            told = f"{function} of {owner} ({', '.join(ways)})"
            changers[asks_who_calls(definition)].append(told)
    return changers


def asks_who_calls(definition: str) -> bool:
    """Tell whether what a function does depends on the role that logged in."""
    return _ASKS_WHO.search(_COMMENT.sub(" ", definition)) is not None


def _guarded(how: str, guards: list[int]) -> bool:
    return any(guard & _GUARDED.get(how, 0) for guard in guards)


def changes_in(definition: str, schema: str, table: str) -> list[str]:
    """Return how a function's definition would change a table.

    What stands in a text is only done by what executes texts.
    """
    words = _COMMENT.sub(" ", definition)
    if not _DYNAMIC.search(words):
        words = _LITERAL.sub("''", words)
    named = rf'("?{re.escape(schema)}"?\s*\.\s*)?"?{re.escape(table)}"?(?![\w"]|\s*\.)'
    return [
        how
        for how, pattern in _CHANGES.items()
        if re.search(pattern.replace("{t}", named), words, re.IGNORECASE)
    ]


def tellers_of(
    database: AppDatabase, own: str, other: str, *, columns: set[str], word: str | None
) -> list[str]:
    """Return the functions that show rows of another tenant to one, who may ask for it by its id.

    A row that is one of a guarded table's, or of the trail's, tells in its ``columns`` whose it is;
    any other is known by a word that stands in the other's data alone.
    """
    with database.connect() as connection:
        found = connection.execute(_TELLING).fetchall()
    told: list[str] = []
    for name, schema, function, kinds, table in found:
        whose = columns if table and _tells_whose(database, *table) else set[str]()
        calls = [_MADE, _MADE | dict.fromkeys(_NAMING, other)]
        for values in calls if _NAMING.intersection(kinds) else calls[:1]:
            rows = _called(database, own, sql.Identifier(schema, function), kinds, values)
            if any(_is_of(row, other, whose, word) for row in rows):
                told.append(name)
                break
    database.note("functions with their owner's rights, called", ", ".join(f[0] for f in found))
    return told


def _tells_whose(database: AppDatabase, is_guarded: Any, *table: Any) -> bool:
    """Tell whether a table's rows are its tenants'; where there is a trail, its are, too."""
    return is_guarded or Named(*table).is_called(database.channel.audit_table)


def _is_of(row: Any, tenant: str, columns: set[str], word: str | None) -> bool:
    if word and shows(word, json.dumps(row)):
        return True
    entries = cast("dict[str, Any]", row) if isinstance(row, dict) else {}
    return any(str(entries.get(column)) == tenant for column in columns)


def _called(
    database: AppDatabase,
    tenant: str,
    function: sql.Identifier,
    kinds: list[str],
    values: Mapping[str, str],
) -> list[Any]:
    """Call a function as a tenant, in a transaction that writes nothing; an error shows nothing."""
    arguments = [
        sql.SQL("{}::{}").format(sql.Literal(values.get(kind)), typed(kind)) for kind in kinds
    ]
    query = sql.SQL("SELECT to_jsonb(f) FROM {}({}) f LIMIT {}").format(
        function, sql.SQL(", ").join(arguments), sql.Literal(MOST_ROWS)
    )
    with database.as_tenant(tenant) as connection:
        connection.execute(_WATCH)
        try:
            return [row[0] for row in connection.execute(query)]
        except errors.QueryCanceled:
            return []
        except errors.OperationalError:
            raise
        except Error:
            return []
