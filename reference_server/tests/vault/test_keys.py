"""Key-encryption keys: what they wrap, for whom, and how they are rotated."""

from __future__ import annotations

import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reference_server.vault.contracts import Context, VaultError, WrappedKey
from reference_server.vault.kms import KeyFolder

if TYPE_CHECKING:
    from reference_server.vault.kms import LocalKms

OWN = Context("org-a", "db:1")


def test_a_data_key_is_unwrapped_in_its_own_context(kms: LocalKms) -> None:
    key = kms.generate(OWN)
    assert len(key.plain) == 32
    assert key.plain not in key.wrapped.wrapped
    assert kms.unwrap(key.wrapped, OWN) == key.plain


@pytest.mark.parametrize("other", [Context("org-b", "db:1"), Context("org-a", "db:2")])
def test_no_other_context_unwraps_it(kms: LocalKms, other: Context) -> None:
    with pytest.raises(VaultError, match="cannot be unwrapped"):
        kms.unwrap(kms.generate(OWN).wrapped, other)


def test_a_context_cannot_be_spelt_like_another() -> None:
    one, other = Context('a","x":"', "b"), Context("a", '","x":"b')
    assert one.authenticated != other.authenticated


@pytest.mark.parametrize("place", [0, 11, 12, -1])
def test_a_changed_byte_unwraps_nothing(kms: LocalKms, place: int) -> None:
    key = kms.generate(OWN).wrapped
    changed = bytearray(key.wrapped)
    changed[place] ^= 1
    with pytest.raises(VaultError):
        kms.unwrap(replace(key, wrapped=bytes(changed)), OWN)


@pytest.mark.parametrize("key_id", ["", "0" * 16, "../CREDENTIAL_KEK", "not hexadecimal!"])
def test_a_key_that_is_not_there_is_an_error(kms: LocalKms, key_id: str) -> None:
    with pytest.raises(VaultError):
        kms.unwrap(WrappedKey(key_id, bytes(60)), OWN)


def test_a_short_wrapped_key_is_an_error(kms: LocalKms) -> None:
    with pytest.raises(VaultError):
        kms.unwrap(WrappedKey(kms.current_id, b""), OWN)


def test_a_missing_key_file_is_told_with_its_remedy(kms: LocalKms) -> None:
    (kms.keys.folder / "CREDENTIAL_KEK").unlink()
    with pytest.raises(VaultError, match="write it to"):
        kms.generate(OWN)


def test_after_a_rotation_the_former_key_still_unwraps(kms: LocalKms) -> None:
    key = kms.generate(OWN)
    kms.keys.begin_rotation()
    assert kms.current_id != key.wrapped.key_id
    assert kms.unwrap(key.wrapped, OWN) == key.plain
    assert kms.generate(OWN).wrapped.key_id == kms.current_id


def test_the_end_of_a_rotation_keeps_the_key_before(keys: KeyFolder) -> None:
    ids = [keys.current.id]
    for _ in range(3):
        keys.begin_rotation()
        assert keys.is_rotating
        keys.end_rotation()
        ids.append(keys.current.id)
    assert not keys.is_rotating
    assert [one.id for one in keys.all()] == [ids[3], ids[2]]


def test_a_former_key_that_is_gone_by_then_is_no_error(
    keys: KeyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.begin_rotation()
    (gone,) = keys.former_ids()
    (keys.folder / f"CREDENTIAL_KEK.{gone}").unlink()

    def as_before(_: KeyFolder) -> list[str]:
        return [gone]

    monkeypatch.setattr(KeyFolder, "former_ids", as_before)
    assert [one.id for one in keys.all()] == [keys.current.id]


def test_keys_are_files_that_nobody_else_reads(keys: KeyFolder) -> None:
    keys.begin_rotation()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in keys.folder.iterdir()}
    assert modes == {0o600}


def test_a_file_that_holds_another_key_than_its_name_says_is_refused(kms: LocalKms) -> None:
    former = kms.current_id
    kms.keys.begin_rotation()
    current = (kms.keys.folder / "CREDENTIAL_KEK").read_bytes()
    (kms.keys.folder / f"CREDENTIAL_KEK.{former}").write_bytes(current)
    with pytest.raises(VaultError, match="not the one of its name"):
        kms.keys.find(former)
