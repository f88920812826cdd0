"""Secrets in the database: sealed for one row, and wrapped anew while they are used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from reference_server.core.errors import UnknownObjectError
from reference_server.tests.rows import add_tenant
from reference_server.vault.contracts import VaultError
from reference_server.vault.credentials import SqlCredentials
from reference_server.vault.rotation import rotate

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg
    from sqlalchemy import Engine

    from reference_server.vault.envelope import PostgresSecrets
    from reference_server.vault.files import FileSecrets
    from reference_server.vault.kms import LocalKms

SECRET = "a secret that nobody else has"
_MOVED = text("""
    UPDATE vault_secrets SET (key_id, wrapped_key, nonce, ciphertext) =
        (:key_id, :wrapped_key, :nonce, :ciphertext)
""")


@pytest.fixture
def tenants(owner_engine: Engine) -> tuple[UUID, UUID]:
    """Two tenants."""
    return add_tenant(owner_engine), add_tenant(owner_engine)


def test_a_stored_secret_is_got_by_its_own_tenant_until_it_is_deleted(
    rows: PostgresSecrets, tenants: tuple[UUID, UUID]
) -> None:
    own, other = tenants
    reference = rows.store_secret(own, SECRET)
    assert rows.get_secret(own, reference) == SECRET
    assert rows.get_secret(other, reference) is None
    assert not rows.delete_secret(other, reference)
    assert rows.delete_secret(own, reference)
    assert rows.get_secret(own, reference) is None


def test_a_row_is_opened_in_its_own_place_alone(
    rows: PostgresSecrets, tenants: tuple[UUID, UUID], auditor: psycopg.Connection
) -> None:
    own, other = tenants
    rows.store_secret(own, SECRET)
    query = "SELECT key_id, wrapped_key, nonce, ciphertext FROM vault_secrets"
    found = auditor.execute(query).fetchone()
    assert found is not None
    moved = rows.store_secret(other, "another secret")
    names = ("key_id", "wrapped_key", "nonce", "ciphertext")
    with rows.sessions.begin(other) as connection:
        connection.execute(_MOVED, dict(zip(names, found, strict=True)))
    with pytest.raises(VaultError):
        rows.get_secret(other, moved)


def test_no_row_holds_a_secret(
    rows: PostgresSecrets, tenants: tuple[UUID, UUID], auditor: psycopg.Connection
) -> None:
    rows.store_secret(tenants[0], SECRET)
    found = auditor.execute("SELECT ciphertext, wrapped_key FROM vault_secrets").fetchall()
    assert len(found) == 1
    assert SECRET.encode() not in b"".join(found[0])


def test_a_newer_credential_takes_the_place_of_the_former_one(
    rows: PostgresSecrets, tenants: tuple[UUID, UUID], auditor: psycopg.Connection
) -> None:
    credentials, own = SqlCredentials(rows.sessions, rows), tenants[0]
    credentials.store(own, "TOKEN", "the former secret")
    reference = credentials.store(own, "TOKEN", SECRET)
    assert credentials.find(own, "TOKEN") == SECRET
    assert auditor.execute("SELECT count(*) FROM vault_secrets").fetchone() == (1,)
    with pytest.raises(UnknownObjectError):
        credentials.delete(tenants[1], reference)
    credentials.delete(own, reference)
    assert credentials.find(own, "TOKEN") is None
    assert auditor.execute("SELECT count(*) FROM vault_secrets").fetchone() == (0,)
    with pytest.raises(UnknownObjectError):
        credentials.delete(own, reference)


def test_a_rotation_wraps_everything_anew_and_goes_on_where_it_was(
    rows: PostgresSecrets,
    tenants: tuple[UUID, UUID],
    owner_engine: Engine,
    kms: LocalKms,
    files: FileSecrets,
) -> None:
    credentials = SqlCredentials(rows.sessions, rows)
    for tenant in tenants:
        credentials.store(tenant, "TOKEN", SECRET)
    kms.keys.begin_rotation()  # and then it was broken off
    current = kms.current_id
    done = rotate(kms.keys, kms, owner_engine, files)
    assert (done.rows, done.unopened) == (2, ())
    assert kms.current_id == current
    assert not kms.keys.is_rotating
    assert [credentials.find(tenant, "TOKEN") for tenant in tenants] == [SECRET, SECRET]
    assert rotate(kms.keys, kms, owner_engine, files).rows == 2
    assert kms.current_id != current


def test_a_rotation_names_what_no_key_opens_and_keeps_all_keys(
    rows: PostgresSecrets, tenants: tuple[UUID, UUID], owner_engine: Engine, kms: LocalKms
) -> None:
    reference = rows.store_secret(tenants[0], SECRET)
    good = rows.store_secret(tenants[1], SECRET)
    with rows.sessions.begin(tenants[0]) as connection:
        connection.execute(text("UPDATE vault_secrets SET wrapped_key = '\\x00'"))
    done = rotate(kms.keys, kms, owner_engine, None)
    assert done.rows == 1
    assert done.unopened == (f"secret {reference.removeprefix('db:')}",)
    assert kms.keys.is_rotating
    assert rows.get_secret(tenants[1], good) == SECRET
