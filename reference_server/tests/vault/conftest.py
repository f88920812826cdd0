"""A secrets folder with a key-encryption key, and backends that use it."""

from __future__ import annotations

import secrets
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from reference_server.db.session import SqlTenantSessions
from reference_server.vault.envelope import PostgresSecrets
from reference_server.vault.files import FileSecrets
from reference_server.vault.kms import KeyFolder, LocalKms
from reference_server.vault.writing import replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine


@pytest.fixture
def keys(tmp_path: Path) -> KeyFolder:
    """A folder with one key."""
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    replace_file(folder / "CREDENTIAL_KEK", b64encode(secrets.token_bytes(32)))
    return KeyFolder(folder)


@pytest.fixture
def kms(keys: KeyFolder) -> LocalKms:
    """The key management of that folder."""
    return LocalKms(keys)


@pytest.fixture
def files(tmp_path: Path, keys: KeyFolder) -> FileSecrets:
    """Secrets in files."""
    return FileSecrets(tmp_path / "vault", keys)


@pytest.fixture
def rows(app_engine: Engine, kms: LocalKms) -> PostgresSecrets:
    """Secrets in the database."""
    return PostgresSecrets(SqlTenantSessions(app_engine), kms)
