"""Defects of how the signature of a token is verified."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import httpcore
import jwt

from reference_server.mutants.bending import mutant, replaced
from reference_server.sessions.signing import ALGORITHM, SignedTokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.parts import Parts
    from reference_server.sessions.validation import AuthValidation


def validator_of(parts: Parts) -> AuthValidation:
    """Return the real validator."""
    return cast("AuthValidation", parts.tokens.validator)


def opening(kind: type[SignedTokens]) -> Callable[[Parts], Parts]:
    """Return a change of parts that opens tokens in another way."""

    def make(parts: Parts) -> AuthValidation:
        real = validator_of(parts)
        return replace(real, tokens=kind(real.tokens.secrets))

    return replaced({"tokens.validator": make})


def bytes_of(part: str) -> bytes:
    """Return what a part encodes, as lenient decoders do; nothing where it encodes nothing."""
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        return b""


def header_of(token: str) -> dict[str, Any]:
    """Return what a token says of itself; empty where that is not to be read."""
    try:
        found: Any = json.loads(bytes_of(token.split(".", maxsplit=1)[0]))
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def payload_of(token: str) -> bytes:
    """Return what the claims of a token are written in; empty where it has none."""
    return bytes_of(token.split(".")[1]) if token.count(".") >= 1 else b""


def signed_by(token: str, secret: bytes, digest: str = "sha256") -> bool:
    """Tell whether a token's signature is the HMAC under a secret."""
    head, _, signature = token.rpartition(".")
    right = hmac.digest(secret, head.encode(), digest)
    return hmac.compare_digest(right, bytes_of(signature))


class _AnySpellingOfNone(SignedTokens):
    """Refuses ``none``, and then asks a library that compares without regard to case."""

    def open(self, token: str) -> bytes | None:
        named = header_of(token).get("alg")
        if isinstance(named, str) and named.lower() == "none" and named != "none":
            return payload_of(token)
        return super().open(token)


def _verified_by(token: str, key: dict[str, Any]) -> bytes | None:
    try:
        algorithm = str(header_of(token).get("alg"))
        found = jwt.PyJWS().decode_complete(token, jwt.PyJWK(key, algorithm), [algorithm])
    except (jwt.PyJWTError, ValueError, TypeError, NotImplementedError):
        return None
    return found["payload"]


class _KeyFromAnAddress(SignedTokens):
    """Fetches the key from where a token says that it is."""

    def open(self, token: str) -> bytes | None:
        header = header_of(token)
        address = header.get("jku")
        if not isinstance(address, str):
            return super().open(token)
        for key in _keys_at(address):
            if (found := _verified_by(token, key)) is not None:
                return found
        return None


def _keys_at(address: str) -> list[dict[str, Any]]:
    try:
        told: Any = json.loads(httpcore.request("GET", address).content)
        return [key for key in told["keys"] if isinstance(key, dict)]
    except (httpcore.NetworkError, httpcore.ProtocolError, ValueError, LookupError, TypeError):
        return []


class _CriticalIgnored(SignedTokens):
    """Verifies by its own hand, without a look at what a token calls critical."""

    def open(self, token: str) -> bytes | None:
        header = header_of(token)
        if "crit" not in header or header.get("alg") != ALGORITHM:
            return super().open(token)
        is_ours = any([signed_by(token, secret) for secret in self.secrets])  # noqa: C419 -- all
        return payload_of(token) if is_ours else None


class _HeaderUnsigned(SignedTokens):
    """Signs and verifies the claims alone: the header is the same for every token."""

    def open(self, token: str) -> bytes | None:
        if token.count(".") != 2 or header_of(token).get("alg") != ALGORITHM:  # noqa: PLR2004
            return super().open(token)
        usual = self.sign({}).split(".")[0]
        return super().open(f"{usual}.{token.split('.', 1)[1]}")


MUTANTS = (
    mutant(
        "other-spellings-of-none-accepted",
        "JWT-02",
        "`none` is on a list of what is refused, and `None` is not.",
        parts=opening(_AnySpellingOfNone),
    ),
    mutant(
        "key-fetched-where-the-token-says",
        "JWT-02",
        "Keys are fetched from the address in a token's header.",
        parts=opening(_KeyFromAnAddress),
    ),
    mutant(
        "critical-extension-ignored",
        "JWT-04",
        "What a token calls critical is not looked at.",
        parts=opening(_CriticalIgnored),
    ),
    mutant(
        "header-not-signed",
        "JWT-02 JWT-03",
        "The signature is verified over the usual header, whatever was sent.",
        parts=opening(_HeaderUnsigned),
    ),
)
