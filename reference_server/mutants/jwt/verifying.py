"""Defects of how the signature of a token is verified."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from dataclasses import replace
from pathlib import Path
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


def _payload(token: str) -> bytes:
    return bytes_of(token.split(".")[1]) if token.count(".") >= 1 else b""


def _signed_by(token: str, secret: bytes, digest: str = "sha256") -> bool:
    head, _, signature = token.rpartition(".")
    right = hmac.digest(secret, head.encode(), digest)
    return hmac.compare_digest(right, bytes_of(signature))


class _Unverified(SignedTokens):
    """Decodes what was meant to be verified elsewhere."""

    def open(self, token: str) -> bytes | None:
        return super().open(token) or _payload(token)


class _None(SignedTokens):
    """Takes the algorithm that a token names, of which one is none."""

    def open(self, token: str) -> bytes | None:
        is_none = header_of(token).get("alg") == "none"
        return _payload(token) if is_none else super().open(token)


class _AnySpellingOfNone(SignedTokens):
    """Refuses ``none``, and then asks a library that compares without regard to case."""

    def open(self, token: str) -> bytes | None:
        named = header_of(token).get("alg")
        if isinstance(named, str) and named.lower() == "none" and named != "none":
            return _payload(token)
        return super().open(token)


class _EmptySignature(SignedTokens):
    """Verifies the signature where there is one."""

    def open(self, token: str) -> bytes | None:
        is_unsigned = token.count(".") == 2 and token.endswith(".")  # noqa: PLR2004 -- three parts
        return _payload(token) if is_unsigned else super().open(token)


class _EmptyKey(SignedTokens):
    """Has a place for the key before, which is empty."""

    def open(self, token: str) -> bytes | None:
        return super().open(token) or (_payload(token) if _signed_by(token, b"") else None)


class _OwnKey(SignedTokens):
    """Verifies by the key that a token brings itself."""

    def open(self, token: str) -> bytes | None:
        key = header_of(token).get("jwk")
        if not isinstance(key, dict):
            return super().open(token)
        told = cast("dict[str, Any]", key)
        if told.get("kty") == "oct":
            return _payload(token) if _signed_by(token, bytes_of(str(told.get("k")))) else None
        return _verified_by(token, told)


def _verified_by(token: str, key: dict[str, Any]) -> bytes | None:
    try:
        algorithm = str(header_of(token).get("alg"))
        found = jwt.PyJWS().decode_complete(token, jwt.PyJWK(key, algorithm), [algorithm])
    except (jwt.PyJWTError, ValueError, TypeError, NotImplementedError):
        return None
    return found["payload"]


class _KeyFromAFile(SignedTokens):
    """Takes ``kid`` for the name of the file that the key is in."""

    def open(self, token: str) -> bytes | None:
        name = header_of(token).get("kid")
        if not isinstance(name, str) or not name:
            return super().open(token)
        try:
            secret = Path(__file__).with_name("keys").joinpath(name).resolve().read_bytes()
        except (OSError, ValueError):
            secret = b""
        return _payload(token) if _signed_by(token, secret) else None


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
        is_ours = any([_signed_by(token, secret) for secret in self.secrets])  # noqa: C419 -- all
        return _payload(token) if is_ours else None


class _FirstHalf(SignedTokens):
    """Compares the first half of the signature, which seemed long enough."""

    def open(self, token: str) -> bytes | None:
        head, _, signature = token.rpartition(".")
        is_usual = header_of(token) == header_of(self.sign({}))
        for secret in self.secrets if is_usual else ():
            right = hmac.digest(secret, head.encode(), hashlib.sha256)
            if len(bytes_of(signature)) == len(right) and bytes_of(signature)[:16] == right[:16]:
                return _payload(token)
        return super().open(token)


class _HeaderUnsigned(SignedTokens):
    """Signs and verifies the claims alone: the header is the same for every token."""

    def open(self, token: str) -> bytes | None:
        if token.count(".") != 2 or header_of(token).get("alg") != ALGORITHM:  # noqa: PLR2004
            return super().open(token)
        usual = self.sign({}).split(".")[0]
        return super().open(f"{usual}.{token.split('.', 1)[1]}")


class _Lenient(SignedTokens):
    """Decodes each part leniently, and verifies over what it encodes anew."""

    def open(self, token: str) -> bytes | None:
        parts = [re.sub(r"[=\s]", "", part) for part in token.split(".")]
        made = [part.replace("+", "-").replace("/", "_") for part in parts]
        again = [base64.urlsafe_b64encode(bytes_of(part)).rstrip(b"=").decode() for part in made]
        return super().open(".".join(again))


MUTANTS = (
    mutant(
        "token-not-verified",
        "JWT-02 JWT-03 JWT-04 JWT-06 CHAIN-02",
        "A token is decoded, and its signature left to whoever stands in front.",
        parts=opening(_Unverified),
    ),
    mutant(
        "token-without-signature-accepted",
        "JWT-02",
        "A token that names the algorithm `none` is taken at its word.",
        parts=opening(_None),
    ),
    mutant(
        "other-spellings-of-none-accepted",
        "JWT-02",
        "`none` is on a list of what is refused, and `None` is not.",
        parts=opening(_AnySpellingOfNone),
    ),
    mutant(
        "empty-signature-accepted",
        "JWT-02",
        "A signature is verified where there is one.",
        parts=opening(_EmptySignature),
    ),
    mutant(
        "empty-key-accepted",
        "JWT-02",
        "The key before this one was never set, so that the empty one counts.",
        parts=opening(_EmptyKey),
    ),
    mutant(
        "key-of-the-token-believed",
        "JWT-02",
        "A token is verified by the key in its own header.",
        parts=opening(_OwnKey),
    ),
    mutant(
        "key-id-is-a-path",
        "JWT-02",
        "The id of a key is the path of a file, wherever that leads.",
        parts=opening(_KeyFromAFile),
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
        "half-a-signature-compared",
        "JWT-03",
        "The second half of a signature may be anything.",
        parts=opening(_FirstHalf),
    ),
    mutant(
        "header-not-signed",
        "JWT-02 JWT-03",
        "The signature is verified over the usual header, whatever was sent.",
        parts=opening(_HeaderUnsigned),
    ),
    mutant(
        "token-in-several-spellings",
        "JWT-03",
        "Parts of a token may be padded, spaced, or in the other alphabet of base64.",
        parts=opening(_Lenient),
    ),
)
