"""Reads key sets (RFC 7517): which keys verify tokens, and which sets are none that count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from reference_server.core.text import json_object

ALGORITHMS = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}
"""The one algorithm of each kind of key: no secret verifies anything, and neither does ``none``."""
_CURVES = {"RSA": None, "EC": "P-256", "OKP": "Ed25519"}
_LEAST_BITS = 2048
"""Of RSA (RFC 7518 section 3.3)."""
MOST_KEYS = 64
_LONGEST_ID = 255


class PoisonedSetError(ValueError):
    """A key set is none that may count."""


@dataclass(frozen=True)
class VerifyingKey:
    """A public key, and the algorithm by which it verifies."""

    algorithm: str
    key: Any


def read_key_set(document: bytes) -> dict[str, VerifyingKey]:
    """Return the keys that verify tokens, by their ids.

    Raises PoisonedSetError where that is not clear: for what is no key set or has too many keys, an
    id that stands twice, and a set without any key that verifies.
    """
    told = json_object(document)
    if told is None:
        raise PoisonedSetError("it is no JSON object")
    listed = told.get("keys")
    if not isinstance(listed, list):
        raise PoisonedSetError("it has no keys")
    entries: list[dict[str, Any]] = [
        one for one in cast("list[Any]", listed) if isinstance(one, dict)
    ]
    if len(entries) > MOST_KEYS:
        raise PoisonedSetError("it has too many keys")
    ids = [one.get("kid") for one in entries]
    if len(set(map(str, ids))) != len(ids):
        raise PoisonedSetError("an id stands twice in it")
    found = {
        kid: key
        for kid, entry in zip(ids, entries, strict=True)
        if isinstance(kid, str) and 1 <= len(kid) <= _LONGEST_ID
        if (key := _read(entry)) is not None
    }
    if not found:
        raise PoisonedSetError("no key of it verifies anything")
    return found


def _read(entry: dict[str, Any]) -> VerifyingKey | None:
    """Return the key of an entry; None for one that is meant for something else, or too weak."""
    kind = str(entry.get("kty"))
    algorithm = ALGORITHMS.get(kind)
    operations = entry.get("key_ops", ["verify"])
    is_meant = (
        algorithm is not None
        and entry.get("crv") == _CURVES[kind]
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", algorithm) == algorithm
        and isinstance(operations, list)
        and "verify" in operations
        and "d" not in entry  # a private key that is published is everybody's
    )
    if algorithm is None or not is_meant:
        return None
    try:
        key = jwt.PyJWK(entry, algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAPublicKey) and key.key_size < _LEAST_BITS:
        return None
    return VerifyingKey(algorithm, key)
