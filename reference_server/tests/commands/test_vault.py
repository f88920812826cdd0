"""`rotate-vault-key`: what it makes, wraps anew and says."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from reference_server import __main__ as commands
from reference_server.core.vocabulary import Role
from reference_server.db.session import SqlTenantSessions
from reference_server.tests.rows import add_tenant
from reference_server.vault.credentials import SqlCredentials
from reference_server.vault.envelope import PostgresSecrets
from reference_server.vault.files import FileSecrets
from reference_server.vault.kms import KeyFolder, LocalKms
from reference_server.vault.writing import locked

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from reference_server.demo.database import DemoDatabase

SECRET = "a secret that nobody else has"


@pytest.fixture
def keys(tmp_path: Path) -> KeyFolder:
    folder = tmp_path / "server"
    folder.mkdir(mode=0o700)
    (folder / "CREDENTIAL_KEK").write_bytes(b64encode(bytes(range(100, 132))))
    return KeyFolder(folder)


@pytest.fixture
def words(tmp_path: Path, database: DemoDatabase, keys: KeyFolder) -> list[str]:
    operator = tmp_path / "operator"
    operator.mkdir()
    (operator / "DB_ADMIN_PASSWORD").write_text(database.passwords[Role.ADMIN])
    options = ["--secrets", str(operator), "--database", database.url(Role.ADMIN)]
    return ["rotate-vault-key", *options, "--server-secrets", str(keys.folder)]


def test_rows_and_files_are_under_a_new_key(
    words: list[str],
    keys: KeyFolder,
    app_engine: Engine,
    owner_engine: Engine,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = PostgresSecrets(SqlTenantSessions(app_engine), LocalKms(keys))
    files = FileSecrets(tmp_path / "vault", keys)
    tenant, before = add_tenant(owner_engine), keys.current.id
    references = [(one, one.store_secret(tenant, SECRET)) for one in (rows, files)]
    assert commands.main([*words, "--vault-folder", str(files.folder)]) == 0
    assert keys.current.id != before
    assert capsys.readouterr().out == (f"rotated: key {keys.current.id}, secrets wrapped anew: 1\n")
    (keys.folder / f"CREDENTIAL_KEK.{before}").unlink()  # nothing needs it
    assert [one.get_secret(tenant, reference) for one, reference in references] == [SECRET] * 2


def test_files_that_nobody_tells_of_keep_their_key(
    words: list[str],
    keys: KeyFolder,
    app_engine: Engine,
    owner_engine: Engine,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = FileSecrets(tmp_path / "vault", keys)
    before = keys.current.id
    kept = SqlCredentials(SqlTenantSessions(app_engine), files)
    kept.store(add_tenant(owner_engine), "TOKEN", SECRET)
    assert commands.main(words) == 2
    assert "--vault-folder" in capsys.readouterr().err
    assert keys.current.id == before


def test_two_rotations_are_not_under_way_at_a_time(
    words: list[str], keys: KeyFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    with locked(keys.folder):
        assert commands.main(words) == 2
    assert "Another rotation" in capsys.readouterr().err
    assert commands.main(words) == 0


def test_what_no_key_opens_is_told_by_the_exit_code(
    words: list[str], keys: KeyFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "vault" / "some-tenant"
    own.mkdir(parents=True)
    (own / "some-secret").write_bytes(b"of another vault")
    assert commands.main([*words, "--vault-folder", str(own.parent)]) == 1
    assert "some-tenant/some-secret" in capsys.readouterr().out
    assert keys.is_rotating


def test_a_folder_without_a_key_is_told_in_one_sentence(
    words: list[str], keys: KeyFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    (keys.folder / "CREDENTIAL_KEK").unlink()
    assert commands.main(words) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "CREDENTIAL_KEK" in told
