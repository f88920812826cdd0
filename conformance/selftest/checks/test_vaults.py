"""Secrets of tenants on servers of another shape: each mistake is found, no right one accused."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, cast

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from conformance.analysis.envelope import bare_key, shared_keystream
from conformance.channels.sql.vault import SealedRow, raw
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import serving
from conformance.selftest.vault_servers import safe_with

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.selftest.judging import Judged

SAFE = """
[vault.store]
request = { method = "PUT", path = "/safe", form = { what = "{secret}" } }
reference = "put.number"
[vault.delete]
request = { method = "DELETE", path = "/safe/{reference}" }
"""
BY_DIGEST = """
[vault.use]
request = { method = "GET", path = "/safe/use" }
digest = "sha256"
"""
BY_VALUE = """
[vault.use]
tool = "recall"
value = "it.is"
"""
MISTAKES = (
    *("the first stays", "tells it back", "anybody clears", "clears nothing", "one for all"),
    "one of the house",
)
TEXT = b"a secret that is known"


def judged(folder: Path, mistake: str, use: str = BY_DIGEST) -> Judged:
    with serving(safe_with(mistake)) as url:
        return judge(folder, f"--target={url}", "--area=VAULT", profile=PROFILE + SAFE + use)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_of_a_safe_is_found(tmp_path: Path, mistake: str) -> None:
    assert judged(tmp_path, mistake).violations == {"VAULT-02"}


@pytest.mark.parametrize("use", [BY_DIGEST, BY_VALUE])
def test_a_right_safe_is_accused_of_nothing(tmp_path: Path, use: str) -> None:
    """Its rows cannot be seen, so that nothing is green that needs them."""
    found = judged(tmp_path, "", use)
    assert set(found.verdicts.values()) == {"not assessed"}
    (told,) = (one for one in found.lines if one.get("id") == "VAULT-02")
    listed = cast("list[dict[str, str]]", told["checks"])
    checks = {one["name"]: one["verdict"] for one in listed}
    assert checks.pop("test_nothing_is_left_of_a_deleted_secret") == "not assessed"
    assert set(checks.values()) == {"pass"}


def test_a_use_that_nobody_can_see_is_not_assessed(tmp_path: Path) -> None:
    found = judged(tmp_path, "", '[vault.use]\ntool = "recall"\n')
    assert found.verdicts["VAULT-02"] == "not assessed"


def test_a_bit_is_changed_in_bytes_and_a_letter_in_text() -> None:
    columns = {"sealed": b"\x00\x01\x02", "iv": "QUJDREVGR0g=", "about": None}
    row = SealedRow(columns, {"ciphertext": "sealed", "nonce": "iv", "context": "about"})
    bent = row.flipped("ciphertext", 4)
    assert bent is not None
    assert bent.columns == {**columns, "sealed": b"\x00\x01\x03"}
    bent = row.flipped("nonce", 0)
    assert bent is not None
    assert bent.raw("nonce") != row.raw("nonce")
    assert row.flipped("context", 0) is None
    assert row.flipped("wrapped key", 0) is None


def test_a_letter_is_changed_in_a_member_of_json() -> None:
    held = {"v": 1, "box": {"ct": "AP8Q", "iv": "eHh4"}}
    places = {"ciphertext": "doc.box.ct", "nonce": "doc.box.none", "context": "doc.v"}
    row = SealedRow({"doc": json.dumps(held)}, places)
    assert row.raw("ciphertext") == b"\x00\xff\x10"
    bent = row.flipped("ciphertext", 0)
    assert bent is not None
    assert json.loads(bent.columns["doc"]) == {"v": 1, "box": {"ct": "BP8Q", "iv": "eHh4"}}
    assert row.flipped("nonce", 0) is None
    assert row.flipped("context", 0) is None


@pytest.mark.parametrize("spelt", ["00ff10", "\\x00ff10", "AP8Q", b"\x00\xff\x10"])
def test_columns_of_text_are_undone(spelt: str | bytes) -> None:
    assert raw(spelt) == b"\x00\xff\x10"


def sealed(key: bytes, nonce: bytes, text: bytes = TEXT, aad: bytes | None = b"whose") -> bytes:
    return AESGCM(key).encrypt(nonce, text, aad)


@pytest.mark.parametrize("size", [16, 24, 32])
@pytest.mark.parametrize("is_apart", [True, False])
def test_a_key_beside_its_ciphertext_is_found(size: int, *, is_apart: bool) -> None:
    key, nonce = secrets.token_bytes(size), secrets.token_bytes(12)
    ciphertext = sealed(key, nonce)
    row = {"ciphertext": ciphertext if is_apart else nonce + ciphertext}
    row |= {"nonce": nonce} if is_apart else {}
    assert bare_key({**row, "wrapped key": b"\x01" + key + b"end"}, TEXT) == "wrapped key"
    assert bare_key({**row, "wrapped key": secrets.token_bytes(60)}, TEXT) is None


def test_a_keystream_that_serves_twice_is_found() -> None:
    key, nonce, other = secrets.token_bytes(32), secrets.token_bytes(12), b"another one of its size"
    text = TEXT + b"!"
    assert len(text) == len(other)
    one, two = (text, sealed(key, nonce, text)), (other, sealed(key, nonce, other))
    assert shared_keystream(one, two)
    assert not shared_keystream(one, (other, sealed(key, secrets.token_bytes(12), other)))
    assert not shared_keystream(one, (text, sealed(key, secrets.token_bytes(12), text)))
