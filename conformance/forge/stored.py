"""The forms in which a stored key is still of use: to present it, or to test guesses of it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json

_ALGORITHMS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b")
_LEAST_BYTES = 16
"""Fewer bytes of a key may stand in a database by chance."""


def forms_in(dump: str, key: str) -> list[str]:
    """Return what a database holds of a key, by its rows as JSON text.

    Letter case is left out of account: hex is written in either, and a key in other letters is
    soon guessed. PostgreSQL breaks long base64 into lines, which are joined.
    """
    held = dump.replace("\\n", "").lower()
    return [what for what, text in stored_forms(key).items() if text.lower() in held]


def stored_forms(key: str) -> dict[str, str]:
    """Return the spellings of a key and of its plain digests, by what they are."""
    forms = {"the text": key, "the text (as JSON)": json.dumps(key, ensure_ascii=False)[1:-1]}
    for whose, value in _bytes_of(key).items():
        forms |= _spelt(whose, value)
        for algorithm in _ALGORITHMS:
            digest = hashlib.new(algorithm, value, usedforsecurity=False).digest()
            forms |= _spelt(f"the plain {algorithm} of {whose}", digest)
    return forms


def _bytes_of(key: str) -> dict[str, bytes]:
    """Return what a server may take for a key's bytes: its text, and what that is base64url of."""
    found = {"the text": key.encode()}
    try:
        decoded = base64.b64decode(key + "=" * (-len(key) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return found
    return {**found, "the decoded key": decoded} if len(decoded) >= _LEAST_BYTES else found


def _spelt(what: str, value: bytes) -> dict[str, str]:
    return {
        f"{what} (hex)": value.hex(),
        f"{what} (base64)": base64.b64encode(value).decode().rstrip("="),
        f"{what} (base64url)": base64.urlsafe_b64encode(value).decode().rstrip("="),
    }
