"""Keys that look random and are not are told from those that are."""

from __future__ import annotations

import base64
import math
import secrets
import string
import uuid
from typing import TYPE_CHECKING

import pytest

from conformance.analysis.randomness import faults_of
from conformance.checks.auth.forms import MINTED

if TYPE_CHECKING:
    from collections.abc import Callable


def written(value: bytes) -> str:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def drawn(letters: str, length: int) -> str:
    """Return random text of some letters."""
    return "".join(secrets.choice(letters) for _ in range(length))


def _complemented() -> str:
    half = secrets.token_bytes(16)
    return written(half + bytes(255 - byte for byte in half))


def _mirrored() -> str:
    half = secrets.token_bytes(16)
    return written(half + half[::-1])


WEAK: dict[str, Callable[[], str]] = {
    "half of it fixed": lambda: written(secrets.token_bytes(16) + b"this half is set"),
    "every other byte fixed": lambda: written(
        b"".join(bytes((byte, 0xA5)) for byte in secrets.token_bytes(16))
    ),
    "three quarters random": lambda: written(secrets.token_bytes(24) + b"12345678"),
    "31 bytes and one fixed": lambda: written(secrets.token_bytes(31) + b"U"),
    "both halves the same": lambda: written(secrets.token_bytes(16) * 2),
    "eight bytes four times": lambda: written(secrets.token_bytes(8) * 4),
    "eleven characters four times": lambda: secrets.token_urlsafe(8) * 4,
    "a byte 32 times": lambda: written(secrets.token_bytes(1) * 32),
    "its own complement": _complemented,
    "its own mirror": _mirrored,
    "two UUIDs": lambda: written(uuid.uuid4().bytes + uuid.uuid4().bytes),
    "hex in base64": lambda: written(secrets.token_hex(16).encode()),
    "letters in base64": lambda: written(drawn(string.ascii_letters, 32).encode()),
    "sixteen letters": lambda: drawn("abcdefghijklmnop", 43),
    "short": lambda: secrets.token_urlsafe(16),
    "one and the same": lambda: "A" * 43,
    "not base64url": lambda: drawn(string.punctuation, 43),
    "of no possible length": lambda: drawn(string.ascii_letters, 45),
}
STRONG: dict[str, Callable[[], str]] = {
    "32 bytes": lambda: secrets.token_urlsafe(32),
    "32 bytes, padded": lambda: f"{secrets.token_urlsafe(32)}=",
    "64 bytes": lambda: secrets.token_urlsafe(64),
    "a label in front": lambda: f"sk_live_{secrets.token_urlsafe(32)}",
    "a label without a joint": lambda: f"hm7{secrets.token_urlsafe(32)}",
    "a version in front": lambda: written(b"\x01" + secrets.token_bytes(32)),
    "two bytes in front": lambda: written(b"\x01\x02" + secrets.token_bytes(32)),
    "a fixed end": lambda: written(secrets.token_bytes(32) + b"\x5a" * 4),
    "letters and digits": lambda: drawn(string.ascii_letters + string.digits, 44),
}
SETS = 40


@pytest.mark.parametrize("kind", WEAK)
def test_weak_keys_are_told(kind: str) -> None:
    assert faults_of([WEAK[kind]() for _ in range(MINTED)])


@pytest.mark.parametrize("kind", STRONG)
def test_strong_keys_are_never_accused(kind: str) -> None:
    for _ in range(SETS):
        assert faults_of([STRONG[kind]() for _ in range(MINTED)]) == []


def test_all_bounds_together_accuse_less_than_once_in_a_billion() -> None:
    """Reckoned for 32 random bytes in 43 characters, of which the last has four random bits."""
    pairs, agree = math.comb(MINTED, 2), 2.0 ** (1 - MINTED)
    alarms = {
        "five bits seem fixed": math.comb(256, 5) * agree**5,
        "a byte seems fixed, or to repeat another": math.comb(33, 2) * 256.0 ** (1 - MINTED),
        "a character does": math.comb(44, 2) * 16.0 ** (1 - MINTED),
        "two share a start": pairs * 64.0**-7,
        "lopsided": math.erfc(6.5 / 2**0.5),
        "six letters never drawn": math.comb(64, 6) * (58 / 64) ** (42 * MINTED),
    }
    assert sum(alarms.values()) < 1e-9, alarms
