"""Names of the profile that a database does not know, told by the entry where they stand."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from psycopg import errors

from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from conformance.profile.fields import TrailFields
    from conformance.profile.target import AppSql

_MISNAMED = (errors.UndefinedColumn, errors.UndefinedTable, errors.InvalidSchemaName)
_WORD = re.compile(r"\w[\w$]*(?:\.\w[\w$]*)*")
"""A name, which stands in a message between the quotation marks of its language, or without any."""
_OF_THE_ROLE = ("audit_table", "data_table", "keys_table", "tenant_column", "last_used_column")


@contextmanager
def naming_the_entry(entries: Mapping[str, str | None]) -> Generator[None]:
    """Tell of a name that the database does not know by the profile's entry that has it.

    ``entries`` are names by where they stand. Raises NotEstablishedError in place of the database's
    own error.
    """
    try:
        yield
    except _MISNAMED as error:
        raise NotEstablishedError(_told(error, entries)) from error


def _told(error: Exception, entries: Mapping[str, str | None]) -> str:
    said = str(error).splitlines()[0]
    words = {word.rpartition(".")[2] for word in _WORD.findall(said)}
    meant = [entry for entry, name in entries.items() if name and _ends(name) & words]
    known = meant or list(entries)
    verb = "name it" if len(known) > 1 else "names it"
    return (
        f"could not establish what the profile's names mean to the database: {said}; "
        f"{' or '.join(known)} {verb}: give the name that it has there"
    )


def _ends(name: str) -> set[str]:
    """Return what of a name a message may have: the table or the column, or the schema."""
    return set(name.split("."))


def entries_of_the_role(channel: AppSql) -> dict[str, str | None]:
    """Return the names that the profile has for the runtime role's database, by their entries.

    Those of the statement that inserts a row, and of the trail's fields, are not looked into.
    """
    named: dict[str, Any] = {name: getattr(channel, name) for name in _OF_THE_ROLE}
    entries = {f"[channels.app_sql] {name}": value for name, value in named.items()}
    return entries | {"[channels.app_sql] insert": None, "[fields.trail] tenant": None}


def entries_of_the_trail(table: str, fields: TrailFields) -> dict[str, str | None]:
    """Return the names that the profile has for the trail's table, by their entries."""
    columns = {f"[fields.trail] {field}": fields.column(field) for field in fields.fields()}
    return {"[channels.auditor] table": table, **columns, "[oauth] states_table": None}
