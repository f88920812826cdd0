"""The table of tenants' secrets, as the role sees and changes it that the server runs with."""

from __future__ import annotations

import base64
import binascii
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from conformance.channels.sql.database import connected_with_a_watch
from conformance.channels.sql.misnamed import naming_the_entry
from conformance.channels.sql.tables import named
from conformance.model import Channel
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from conformance.channels.sql.attempts import Connection
    from conformance.profile.target import AppSql
    from conformance.profile.vault import VaultTable

_OTHER = {"A": "B", "0": "1"}


@dataclass(frozen=True)
class SealedRow:
    """A secret as its row has it: values by what they are, such as ``ciphertext``."""

    values: Mapping[str, Any]

    def raw(self, what: str) -> bytes:
        """Return a value as bytes: text is undone from hex or base64; empty where there is none."""
        return raw(self.values.get(what))

    def flipped(self, what: str, place: int) -> SealedRow | None:
        """Return the row with one bit or letter changed; None where there is nothing to change.

        ``place`` counts in parts of four: 0 the first byte or letter, 2 the middle, 4 the last.
        """
        value = self.values.get(what)
        if not isinstance(value, bytes | str) or not value:
            return None
        # Of base64 the last letters may hold bits that nobody reads.
        last = len(value) - 1 if isinstance(value, bytes) else max(0, len(value) - 6)
        at = last * place // 4
        return SealedRow({**self.values, what: _changed(value, at)})


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
        self._channel, self._told = channel, table

    def rows(self, tenant_id: str) -> list[SealedRow]:
        """Return the rows that there are in a tenant's context."""
        columns = self._told.columns
        query = sql.SQL("SELECT {} FROM {} WHERE {}::text = %s").format(
            sql.SQL(", ").join(map(sql.Identifier, columns.values())),
            named(self._told.name),
            sql.Identifier(self._channel.tenant_column),
        )
        with self._entered(tenant_id) as connection:
            found = connection.execute(query, (tenant_id,)).fetchall()
        return [SealedRow(dict(zip(columns, row, strict=True))) for row in found]

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
        columns = self._told.columns
        query = sql.SQL("UPDATE {} SET {} WHERE {}").format(
            named(self._told.name),
            sql.SQL(", ").join(
                sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(other.values[what]))
                for what, name in columns.items()
            ),
            sql.SQL(" AND ").join(
                sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(row.values[what]))
                for what, name in columns.items()
            ),
        )
        with self._entered(tenant_id) as connection:
            rows = connection.execute(query).rowcount
        establish(rows == 1, f"the server's role changes one row of {self._told.name}")

    @contextmanager
    def _entered(self, tenant_id: str) -> Generator[Connection]:
        entries = {f"vault.table.{what}": name for what, name in self._told.columns.items()}
        entries |= {"vault.table.name": self._told.name}
        entries |= {"channels.app_sql.tenant_column": self._channel.tenant_column}
        connection = connected_with_a_watch(self._channel.dsn)
        try:
            with naming_the_entry(entries), connection.transaction():
                setting = (self._channel.tenant_setting, tenant_id)
                connection.execute("SELECT set_config(%s, %s, true)", setting)
                yield connection
        finally:
            connection.close()
