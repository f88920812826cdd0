"""What ciphertexts give away to whoever knows their texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KEYS = (32, 24, 16)
"""Bytes of AES's keys (FIPS 197)."""
_NONCE = 12
_LEAST = 8
"""Bytes in a row that are equal by chance but once in 2^64 tries."""
_MOST_BEFORE = 64
"""Bytes that a ciphertext may have before its text: a version, a nonce, a key's id."""


def shared_keystream(one: tuple[bytes, bytes], other: tuple[bytes, bytes]) -> bool:
    """Tell whether two pairs of text and ciphertext were made by the same keystream.

    What stands before and behind the text does not matter, if it is as long in both.
    """
    wanted = _xor(one[0], other[0])
    found = _xor(one[1], other[1])
    return len(wanted) >= _LEAST and any(wanted) and wanted in found[: len(wanted) + _MOST_BEFORE]


def bare_key(values: Mapping[str, bytes], text: bytes) -> str | None:
    """Return the value of a row that holds the key which opens its ``ciphertext``, if any does.

    By AES in counter mode, as in GCM (NIST SP 800-38D section 6.5), under the ``nonce`` of the row
    or the first bytes of its ciphertext, whatever is authenticated beside it. Needs
    ``cryptography``.
    """
    sealed = values.get("ciphertext", b"")
    nonces = {values.get("nonce", b"")[:_NONCE], sealed[:_NONCE]}
    bodies = {sealed, sealed[_NONCE:]}
    for what, value in values.items():
        for key in _windows(value):
            for nonce in nonces:
                if len(nonce) == _NONCE and any(_opens(key, nonce, one, text) for one in bodies):
                    return what
    return None


def _windows(value: bytes) -> Iterator[bytes]:
    for size in _KEYS:
        for start in range(len(value) - size + 1):
            yield value[start : start + size]


def _opens(key: bytes, nonce: bytes, body: bytes, text: bytes) -> bool:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    block = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 -- one block of a keystream # nosec B305
    keystream = block.update(nonce + (2).to_bytes(4, "big"))
    return len(body) >= _LEAST and _xor(body, keystream)[:_LEAST] == text[:_LEAST]


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=False))
