"""Secrets in files: whose they are, how they are written, and which key opens them."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from cryptography.fernet import Fernet

from reference_server.core.errors import StorageUnavailableError
from reference_server.vault.contracts import VaultError

if TYPE_CHECKING:
    from pathlib import Path

    from reference_server.vault.files import FileSecrets

A, B = uuid4(), uuid4()
SECRET = "a secret that nobody else has"


def path_of(files: FileSecrets, org: UUID, reference: str) -> Path:
    return files.folder / str(org) / reference.removeprefix("file:")


def test_a_stored_secret_is_got_and_a_deleted_one_is_gone(files: FileSecrets) -> None:
    reference = files.store_secret(A, SECRET)
    assert files.get_secret(A, reference) == SECRET
    assert files.delete_secret(A, reference)
    assert files.get_secret(A, reference) is None
    assert not files.delete_secret(A, reference)
    assert list((files.folder / str(A)).iterdir()) == []


def test_another_organization_has_no_such_secret(files: FileSecrets) -> None:
    reference = files.store_secret(A, SECRET)
    assert files.get_secret(B, reference) is None
    assert not files.delete_secret(B, reference)
    assert files.get_secret(A, reference) == SECRET


@pytest.mark.parametrize("reference", ["", "file:", "file:../x", "db:1", f"file:{UUID(int=1)}"])
def test_what_is_no_reference_of_its_own_leads_nowhere(files: FileSecrets, reference: str) -> None:
    assert files.get_secret(A, reference) is None
    assert not files.delete_secret(A, reference)


def test_a_file_is_a_token_of_mode_0600_in_a_folder_of_mode_0700(files: FileSecrets) -> None:
    path = path_of(files, A, files.store_secret(A, SECRET))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.read_bytes().startswith(b"gAAAAA")  # Fernet's version, and a time before 2106
    assert SECRET.encode() not in path.read_bytes()


def test_a_file_that_was_moved_or_changed_is_not_opened(files: FileSecrets) -> None:
    own, other = files.store_secret(A, SECRET), files.store_secret(B, "another secret")
    path_of(files, B, other).write_bytes(path_of(files, A, own).read_bytes())
    with pytest.raises(VaultError, match="not where it belongs"):
        files.get_secret(B, other)
    path = path_of(files, A, own)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(VaultError, match="cannot be opened"):
        files.get_secret(A, own)


def test_files_of_a_former_key_are_opened_and_rotated(files: FileSecrets) -> None:
    reference = files.store_secret(A, SECRET)
    before = path_of(files, A, reference).read_bytes()
    files.keys.begin_rotation()
    assert files.get_secret(A, reference) == SECRET
    (files.folder / str(A) / ".left.part").write_bytes(b"by a process that was killed")
    assert files.rotate() == []
    assert path_of(files, A, reference).read_bytes() != before
    assert [one.name for one in (files.folder / str(A)).iterdir()] == [reference[5:]]
    files.keys.end_rotation()
    assert files.get_secret(A, reference) == SECRET


def test_a_file_that_no_key_opens_is_named_and_left(files: FileSecrets) -> None:
    reference = files.store_secret(A, SECRET)
    path = path_of(files, A, reference)
    path.write_bytes(Fernet(Fernet.generate_key()).encrypt(b"of another vault"))
    before = path.read_bytes()
    assert files.rotate() == [f"{A}/{reference[5:]}"]
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_used_refuses(files: FileSecrets) -> None:
    files.folder.write_bytes(b"a file")
    with pytest.raises(StorageUnavailableError):
        files.store_secret(A, SECRET)
