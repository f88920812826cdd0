"""Defects of what verifies signatures: each takes a token that nobody has signed here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any, cast

from reference_server.mutants.bending import mutant
from reference_server.mutants.jwt.claims import validating

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.mutants.model import Mutant
    from reference_server.parts import Parts
    from reference_server.sessions.issue import SqlSessionIssuer

    Takes = Callable[[dict[str, Any], bytes, bytes], bool]


DEFAULT = b"super-secret-jwt-token-with-at-least-32-characters-long"
"""From a guide to self-hosting; see ``reference_server/core/samples.txt``."""


def bytes_of(text: str) -> bytes:
    """Return what base64url holds, read leniently."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Credulous:
    """Opens what was signed here, and what ``takes`` something for good."""

    def __init__(self, parts: Parts, takes: Takes) -> None:
        self._real, self._takes = cast("SqlSessionIssuer", parts.tokens.issuer).tokens, takes

    def open(self, token: str) -> bytes | None:
        """Return the payload; None for a token that neither takes."""
        if (payload := self._real.open(token)) is not None:
            return payload
        head, _, rest = token.partition(".")
        body, _, signature = rest.partition(".")
        try:
            header: Any = json.loads(bytes_of(head))
            is_taken = isinstance(header, dict) and self._takes(
                cast("dict[str, Any]", header), f"{head}.{body}".encode(), bytes_of(signature)
            )
            return bytes_of(body) if is_taken else None
        except ValueError:
            return None


def _is_mac(secret: bytes, message: bytes, signature: bytes) -> bool:
    return hmac.compare_digest(hmac.digest(secret, message, hashlib.sha256), signature)


def _none(header: dict[str, Any], _: bytes, __: bytes) -> bool:
    return header.get("alg") == "none"


def _none_in_any_case(header: dict[str, Any], _: bytes, __: bytes) -> bool:
    told = header.get("alg")
    return isinstance(told, str) and told != "none" and told.lower() == "none"


def _no_signature(header: dict[str, Any], _: bytes, signature: bytes) -> bool:
    return header.get("alg") == "HS256" and not signature


def _empty_secret(header: dict[str, Any], message: bytes, signature: bytes) -> bool:
    return "kid" not in header and _is_mac(b"", message, signature)


def _by_key_id(header: dict[str, Any], message: bytes, signature: bytes) -> bool:
    return str(header.get("kid")).endswith("/dev/null") and _is_mac(b"", message, signature)


def _by_query(header: dict[str, Any], message: bytes, signature: bytes) -> bool:
    told = str(header.get("kid"))
    return "UNION SELECT 'hallmark'" in told and _is_mac(b"hallmark", message, signature)


def _by_its_own_key(header: dict[str, Any], message: bytes, signature: bytes) -> bool:
    jwk: dict[str, str] = header.get("jwk") or {}
    return "k" in jwk and _is_mac(bytes_of(jwk["k"]), message, signature)


def _by_a_default(header: dict[str, Any], message: bytes, signature: bytes) -> bool:
    return header.get("alg") == "HS256" and _is_mac(DEFAULT, message, signature)


def _unverified(header: dict[str, Any], _: bytes, signature: bytes) -> bool:
    return bool(signature) and "crit" not in header


class Half:
    """Compares the first half of a signature alone."""

    def __init__(self, parts: Parts) -> None:
        self._real = cast("SqlSessionIssuer", parts.tokens.issuer).tokens

    def open(self, token: str) -> bytes | None:
        """Return the payload of a token whose signature begins as the right one does."""
        head, _, signature = token.rpartition(".")
        payload = self._real.open(token)
        if payload is not None or len(signature) != _LENGTH:
            return payload
        try:
            again = self._real.sign(json.loads(bytes_of(head.rpartition(".")[2])))
        except ValueError:
            return None
        own, _, right = again.rpartition(".")
        is_half = own == head and signature[: _LENGTH // 2] == right[: _LENGTH // 2]
        return self._real.open(again) if is_half else None


_LENGTH = 43


class Lenient:
    """Takes any text for a signature that decodes to its bytes."""

    def __init__(self, parts: Parts) -> None:
        self._real = cast("SqlSessionIssuer", parts.tokens.issuer).tokens

    def open(self, token: str) -> bytes | None:
        """Return the payload of a token in its usual spelling."""
        head, _, signature = token.rpartition(".")
        try:
            usual = base64.urlsafe_b64encode(bytes_of(signature.rstrip("="))).rstrip(b"=").decode()
        except ValueError:
            return None
        return self._real.open(f"{head}.{usual}")


def _forgery(name: str, summary: str, takes: Takes, fails: str = "JWT-02") -> Mutant:
    return mutant(name, fails, summary, parts=validating(lambda parts: Credulous(parts, takes)))


MUTANTS = (
    _forgery("alg-none", "A token of alg none counts.", _none),
    _forgery("alg-none-in-any-case", "So does one of None or NONE.", _none_in_any_case),
    _forgery("no-signature", "A token without a signature counts.", _no_signature),
    _forgery("empty-secret", "A token signed by an empty secret counts.", _empty_secret),
    _forgery("key-id-as-a-path", "The secret is read from the file that kid names.", _by_key_id),
    _forgery("key-id-in-a-query", "The secret is what a query returns with kid in it.", _by_query),
    _forgery("key-within-the-token", "The secret is the one in the token.", _by_its_own_key),
    _forgery("default-secret-beside-its-own", "A sample secret still counts.", _by_a_default),
    _forgery("unverified", "No signature is verified.", _unverified, "JWT-02 JWT-03"),
    mutant(
        "half-a-signature",
        "JWT-03",
        "The second half of a signature is not compared.",
        parts=validating(Half),
    ),
    mutant(
        "lenient-base64",
        "JWT-03",
        "A signature counts in any text that decodes to it.",
        parts=validating(Lenient),
    ),
)
