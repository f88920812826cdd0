"""Key-encryption keys are rotated while servers run: a new one, then all that is wrapped anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from reference_server.vault import files as in_files
from reference_server.vault.contracts import Context, VaultError, WrappedKey
from reference_server.vault.envelope import PREFIX
from reference_server.vault.writing import locked

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection, Engine

    from reference_server.vault.files import FileSecrets
    from reference_server.vault.kms import KeyFolder, LocalKms

BATCH = 100
"""Rows that are wrapped anew in one transaction."""
_DUE = text("""
    SELECT id, tenant_id, key_id, wrapped_key FROM vault_secrets
     WHERE key_id <> :current AND id <> ALL(:unopened) ORDER BY id LIMIT :batch FOR UPDATE
""")
_IN_FILES = text("SELECT 1 FROM credentials WHERE credential_ref LIKE :prefix LIMIT 1")
_WRITE = text("UPDATE vault_secrets SET key_id = :key_id, wrapped_key = :wrapped WHERE id = :id")


@dataclass(frozen=True)
class Rotated:
    """What a rotation did; ``unopened`` names what no key opens, so that it was left as it is."""

    rows: int
    unopened: tuple[str, ...]


def rotate(keys: KeyFolder, kms: LocalKms, engine: Engine, files: FileSecrets | None) -> Rotated:
    """Make a new key, wrap everything under it, and remove the keys that nothing needs any more.

    One that was broken off is gone on with: it has made its key. ``engine`` is the owner's.
    VaultError where another one is under way, or secrets lie in files that are not told.
    """
    try:
        with locked(keys.folder, at_once=True):
            return _rotated(keys, kms, engine, files)
    except BlockingIOError:
        raise VaultError("Another rotation is under way: wait for its end.") from None


def _rotated(keys: KeyFolder, kms: LocalKms, engine: Engine, files: FileSecrets | None) -> Rotated:
    if files is None:
        _require_no_files(engine)
    if not keys.is_rotating:
        keys.begin_rotation()
    rows, unopened = _rewrapped(engine, kms)
    named = [f"secret {one}" for one in unopened]
    if files is not None:
        named += [f"file {one}" for one in files.rotate()]
    if not named:  # a former key may open it yet, once it is put back
        keys.end_rotation()
    return Rotated(rows, tuple(named))


def _require_no_files(engine: Engine) -> None:
    """Let no key be removed that files need which nobody has told of."""
    with engine.begin() as connection:
        found = connection.execute(_IN_FILES, {"prefix": f"{in_files.PREFIX}%"}).first()
    if found is not None:
        raise VaultError("Some secrets lie in files: name their folder by --vault-folder.")


def _rewrapped(engine: Engine, kms: LocalKms) -> tuple[int, list[UUID]]:
    rows, unopened = 0, list["UUID"]()
    while True:
        with engine.begin() as connection:
            given: dict[str, Any] = {"current": kms.current_id, "unopened": unopened}
            due = connection.execute(_DUE, given | {"batch": BATCH}).all()
            for row in due:
                if _is_rewrapped(connection, kms, row):
                    rows += 1
                else:
                    unopened.append(row.id)
        if not due:
            return rows, unopened


def _is_rewrapped(connection: Connection, kms: LocalKms, row: Any) -> bool:
    context = Context(str(row.tenant_id), f"{PREFIX}{row.id}")
    try:
        plain = kms.unwrap(WrappedKey(row.key_id, row.wrapped_key), context)
    except VaultError:
        return False
    key = kms.wrap(plain, context)
    values = {"id": row.id, "key_id": key.key_id, "wrapped": key.wrapped}
    connection.execute(_WRITE, values)
    return True
