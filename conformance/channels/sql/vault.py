"""The table of tenants' secrets, as the role sees and changes it that the server runs with."""

from __future__ import annotations

import base64
import binascii
import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.types.string import TextLoader

from conformance.channels.sql.database import connected_with_a_watch
from conformance.channels.sql.misnamed import naming_the_entry
from conformance.channels.sql.tables import named
from conformance.channels.trail.row import parsed
from conformance.model import Channel
from conformance.profile.fields import found_at
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from psycopg import Cursor

    from conformance.channels.sql.attempts import Connection
    from conformance.profile.target import AppSql
    from conformance.profile.vault import VaultTable

_OTHER = {"A": "B", "0": "1"}
_JSON = ("json", "jsonb")
_AS_TEXT = (*_JSON, "int2", "int4", "int8", "uuid")
"""Types whose values are taken as PostgreSQL writes them, which can be changed and put back."""
_SAME = sql.SQL("{} IS NOT DISTINCT FROM {}")
_SAME_JSON = sql.SQL("{}::jsonb IS NOT DISTINCT FROM {}::jsonb")


@dataclass(frozen=True)
class SealedRow:
    """A secret as its row has it: values of ``columns`` by their names, JSON as text.

    ``places`` say where each part of it stands, such as ``ciphertext``: in a column, or, as
    ``COLUMN.MEMBER``, in the JSON of one.
    """

    columns: Mapping[str, Any]
    places: Mapping[str, str]

    def value(self, what: str) -> Any:
        """Return a part as it stands there; None where there is none."""
        column, _, path = self.places.get(what, "").partition(".")
        held = self.columns.get(column)
        return found_at(parsed(held), path) if path else held

    def raw(self, what: str) -> bytes:
        """Return a part as bytes: text is undone from hex or base64; empty where there is none."""
        return raw(self.value(what))

    def flipped(self, what: str, place: int) -> SealedRow | None:
        """Return the row with one bit or letter changed; None where there is nothing to change.

        ``place`` counts in parts of four: 0 the first byte or letter, 2 the middle, 4 the last.
        """
        value = self.value(what)
        if not isinstance(value, bytes | str) or not value:
            return None
        # Of base64 the last letters may hold bits that nobody reads.
        last = len(value) - 1 if isinstance(value, bytes) else max(0, len(value) - 6)
        column, _, path = self.places[what].partition(".")
        changed = _changed(value, last * place // 4)
        if path:
            changed = json.dumps(_put(parsed(self.columns[column]), path, changed))
        return replace(self, columns={**self.columns, column: changed})


def _put(document: Any, path: str, value: Any) -> Any:
    """Return a JSON value with another one at a place that it has."""
    step, _, rest = path.partition(".")
    return {**document, step: _put(document[step], rest, value) if rest else value}


def raw(value: Any) -> bytes:
    """Return a column's value as bytes; text is undone from hex or base64 if it is that."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        return b""
    for undo in (bytes.fromhex, _from_base64):
        try:
            return undo(value.removeprefix("\\x"))
        except (ValueError, binascii.Error):
            continue
    return value.encode()


def _from_base64(text: str) -> bytes:
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


def _changed(value: bytes | str, at: int) -> bytes | str:
    if isinstance(value, bytes):
        return value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
    return value[:at] + _OTHER.get(value[at], "A" if value[at].isupper() else "0") + value[at + 1 :]


class SecretsTable:
    """Rows of secrets in a tenant's context. Methods raise psycopg.Error, hence *inconclusive*."""

    def __init__(self, channel: AppSql, table: VaultTable) -> None:
        self._channel, self._told, self._places = channel, table, table.places
        self._columns = list(dict.fromkeys(map(_column, self._places.values())))

    def rows(self, tenant_id: str) -> list[SealedRow]:
        """Return the rows that there are in a tenant's context.

        Raises NotAssessedError where a part of a secret is said to be a whole column of JSON.
        """
        query = sql.SQL("SELECT {} FROM {} WHERE {}::text = %s").format(
            sql.SQL(", ").join(map(sql.Identifier, self._columns)),
            named(self._told.name),
            sql.Identifier(self._channel.tenant_column),
        )
        with self._entered(tenant_id) as connection:
            cursor = connection.execute(query, (tenant_id,))
            self._require_members(cursor)
            found = [dict(zip(self._columns, row, strict=True)) for row in cursor.fetchall()]
        return [SealedRow(row, self._places) for row in found]

    def _require_members(self, cursor: Cursor[Any]) -> None:
        for one in cursor.description or ():
            if one.type_display in _JSON and one.name in self._places.values():
                raise NotAssessedError(
                    f"{one.name} of {self._told.name} holds JSON: name a member of it in "
                    f"[vault.table], such as {one.name}.ciphertext",
                    Channel.VAULT_TABLE,
                )

    def new_row(self, tenant_id: str, before: list[SealedRow]) -> SealedRow:
        """Return the one row that was not there before.

        Raises NotAssessedError where there is none, NotEstablishedError where there are more.
        """
        found = [row for row in self.rows(tenant_id) if row not in before]
        if not found:
            raise NotAssessedError(
                f"a stored secret is no new row of {self._told.name}: name the table where secrets "
                "lie in [vault.table]",
                Channel.VAULT_TABLE,
            )
        establish(len(found) == 1, f"a stored secret is one new row of {self._told.name}")
        return found[0]

    @contextmanager
    def changed(self, tenant_id: str, row: SealedRow, other: SealedRow) -> Generator[None]:
        """Have a row hold other values until the block ends, for all to see."""
        self._replace(tenant_id, row, other)
        try:
            yield
        finally:
            self._replace(tenant_id, other, row)

    def _replace(self, tenant_id: str, row: SealedRow, other: SealedRow) -> None:
        of_json = {_column(place) for place in self._places.values() if "." in place}

        def stands(name: str) -> sql.Composed:
            same = _SAME_JSON if name in of_json else _SAME
            return same.format(sql.Identifier(name), sql.Literal(row.columns[name]))

        query = sql.SQL("UPDATE {} SET {} WHERE {}").format(
            named(self._told.name),
            sql.SQL(", ").join(
                sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(other.columns[name]))
                for name in self._columns
            ),
            sql.SQL(" AND ").join(map(stands, self._columns)),
        )
        with self._entered(tenant_id) as connection:
            rows = connection.execute(query).rowcount
        establish(rows == 1, f"the server's role changes one row of {self._told.name}")

    @contextmanager
    def _entered(self, tenant_id: str) -> Generator[Connection]:
        entries = {f"vault.table.{what}": place for what, place in self._places.items()}
        entries |= {"vault.table.name": self._told.name}
        entries |= {"channels.app_sql.tenant_column": self._channel.tenant_column}
        connection = connected_with_a_watch(self._channel.dsn)
        for name in _AS_TEXT:
            connection.adapters.register_loader(name, TextLoader)
        try:
            with naming_the_entry(entries), connection.transaction():
                setting = (self._channel.tenant_setting, tenant_id)
                connection.execute("SELECT set_config(%s, %s, true)", setting)
                yield connection
        finally:
            connection.close()


def _column(place: str) -> str:
    return place.partition(".")[0]
