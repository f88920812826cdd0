"""Servers whose tenants have signed tokens (JWT): right ones, and ones with a known mistake.

Each mistake is one that a library or a server was once published for; what is written here is
ours, and as small as can be. Whatever a mistake does not concern is verified as it should be.
"""

from __future__ import annotations

import hmac
import json
import time
import urllib.request
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from conformance.forge.jwt.shape import written
from conformance.forge.jwt.signing import by_private_key, by_secret, jwk_of
from conformance.selftest.targets import Good
from conformance.text.tokens import decoded, encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ISSUER, AUDIENCE = "https://login.example.com", "https://notes.example.com/mcp"
SECRET = "a signing secret of forty characters...."
LIFE, LEEWAY = 7200, 60
KEY_ID = "2026-11"
COOKIE = "session"


class RefusedError(Exception):
    """A token does not count."""


@cache
def private_key(algorithm: str) -> Any:
    """Return the issuer's own key for an algorithm."""
    if algorithm.startswith("ES"):
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, 2048)


def pem_of(algorithm: str) -> bytes:
    """Return the issuer's private key in PEM."""
    key = private_key(algorithm)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(algorithm: str) -> bytes:
    """Return the issuer's public key in PEM, as a file has it."""
    public = private_key(algorithm).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def issued(
    tenant: str,
    algorithm: str = "RS256",
    names: Mapping[str, str] = MappingProxyType({}),
    **more: Any,
) -> str:
    """Return a token of a tenant's, as its issuer signs it; ``names`` are those of its claims."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": f"user@{tenant}",
        "tenant": tenant,
        "iat": now,
        "nbf": now,
        "exp": now + LIFE,
        "jti": hmac.digest(b"ids", f"{tenant}{time.monotonic_ns()}".encode(), "sha256").hex()[:32],
        **more,
    }
    head = written({"alg": algorithm, "typ": "JWT", "kid": KEY_ID})
    named = {names.get(name, name): value for name, value in claims.items()}
    signed = f"{encoded(head)}.{encoded(written(named))}"
    sign = by_secret(SECRET.encode()) if algorithm == "HS256" else by_private_key(pem_of(algorithm))
    return f"{signed}.{encoded(sign(algorithm, signed.encode()))}"


@dataclass
class Verifier:
    """Verifies tokens of one algorithm, ``mistake`` aside; ``names`` are those of its claims."""

    algorithm: str
    mistake: str = ""
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    ended: set[str] = field(default_factory=set[str])

    def tenant(self, token: str) -> str:
        """Return whose token it is. Raises RefusedError for one that does not count."""
        if self.mistake == "json serialization" and token.startswith("{"):
            return self._claimed(decoded(json.loads(token)["payload"]))["tenant"]
        parts = token.split(".")
        if len(parts) != 3 or not all(map(_is_canonical, parts)):
            raise RefusedError("form")
        header = self._claimed(decoded(parts[0]))
        if self.mistake != "critical extensions" and {"crit", "zip", "b64"} & header.keys():
            raise RefusedError("crit")
        message = ".".join(parts[:2]).encode()
        if not self._is_signed(header, message, decoded(parts[2])):
            raise RefusedError("signature")
        return self.holder(decoded(parts[1]))

    def holder(self, payload: bytes) -> str:
        """Return whose claims these are. Raises RefusedError where they do not count."""
        usual = {theirs: ours for ours, theirs in self.names.items()}
        told = self._claimed(payload).items()
        claims = {usual.get(name, name): value for name, value in told if name not in self.names}
        self._require_claims(claims)
        return str(claims["tenant"])

    @staticmethod
    def _claimed(data: bytes) -> dict[str, Any]:
        found: Any = json.loads(data)
        if not isinstance(found, dict):
            raise RefusedError("no object")
        return cast("dict[str, Any]", found)

    def _is_signed(self, header: dict[str, Any], message: bytes, signature: bytes) -> bool:
        named = header.get("alg")
        mistakes: dict[str, Callable[[], bool]] = {
            "alg none": lambda: isinstance(named, str) and named.lower() == "none",
            "empty signature": lambda: not signature,
            "key confusion": lambda: (
                named == "HS256" and is_mac(public_pem(self.algorithm), message, signature)
            ),
            "embedded key": lambda: (
                "jwk" in header and _is_by_jwk(header["jwk"], str(named), message, signature)
            ),
            "fetched key": lambda: (
                "jku" in header
                and any(_is_by_jwk(one, str(named), message, signature) for one in _keys_at(header))
            ),
            "key id as a path": lambda: (
                str(header.get("kid")).endswith("/dev/null") and is_mac(b"", message, signature)
            ),
            "signature not verified": lambda: bool(signature),
        }
        if self.mistake in mistakes and mistakes[self.mistake]():
            return True
        if self.takes(header, message, signature):
            return True
        return named == self.algorithm and self.is_right(message, signature)

    def takes(self, header: dict[str, Any], message: bytes, signature: bytes) -> bool:
        """Tell whether something counts that its issuer has not signed: no, without a mistake."""
        del header, message, signature
        return False

    def is_right(self, message: bytes, signature: bytes) -> bool:
        """Tell whether a signature is its issuer's."""
        if self.algorithm == "HS256":
            return is_mac(SECRET.encode(), message, signature)
        public = private_key(self.algorithm).public_key()
        try:
            if self.algorithm == "RS256":
                public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
            else:
                if self.mistake == "blank ECDSA signature" and not any(signature):
                    return True
                if len(signature) != 64:
                    return False
                pair = (int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
                public.verify(encode_dss_signature(*pair), message, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True

    def _require_claims(self, claims: dict[str, Any]) -> None:
        now = time.time()
        wrong = {
            "issuer": not self.is_issuer(claims.get("iss")),
            "audience": not self.is_audience(claims.get("aud")),
            "end": self.mistake != "expiry unread" and not _is_later(claims.get("exp"), now),
            "life": number(claims.get("exp")) > now + 10 * LIFE and self.mistake != "expiry unread",
            "not before": self.is_early(claims.get("nbf", 0), now),
            "issued": number(claims.get("iat")) > now + LEEWAY,
            "sub": not isinstance(claims.get("sub"), str) or not claims["sub"],
            "jti": not isinstance(claims.get("jti"), str) or not claims["jti"],
            "ended": claims.get("jti") in self.ended,
        }
        if any(wrong.values()):
            raise RefusedError(", ".join(name for name, is_so in wrong.items() if is_so))

    def is_issuer(self, told: object) -> bool:
        """Tell whether an issuer is the one that is trusted."""
        return told == ISSUER or self.mistake == "issuer unread"

    def is_audience(self, told: object) -> bool:
        """Tell whether this server is meant by an audience."""
        audiences = cast("list[object]", told) if isinstance(told, list) else [told]
        if self.mistake == "audience as a part":
            return any(isinstance(one, str) and one and one in AUDIENCE for one in audiences)
        return AUDIENCE in audiences or self.mistake == "audience unread"

    def is_early(self, told: object, now: float) -> bool:
        """Tell whether a token holds from later on."""
        return number(told) > now + LEEWAY and self.mistake != "not-before unread"


def number(value: object) -> float:
    """Return a time. Raises RefusedError for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise RefusedError("no number")
    return value


def _is_later(value: object, now: float) -> bool:
    return number(value) > now - LEEWAY


def _is_canonical(text: str) -> bool:
    try:
        return encoded(decoded(text)) == text
    except ValueError:
        return False


def is_mac(secret: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether a signature is the HMAC under a secret."""
    return hmac.compare_digest(hmac.digest(secret, message, "sha256"), signature)


def _keys_at(header: dict[str, Any]) -> list[dict[str, Any]]:
    with urllib.request.urlopen(str(header["jku"]), timeout=2) as answer:  # noqa: S310 -- the mistake
        return json.load(answer).get("keys", [])


def _is_by_jwk(jwk: dict[str, Any], algorithm: str, message: bytes, signature: bytes) -> bool:
    if jwk.get("kty") != "RSA" or algorithm != "RS256":
        return False
    numbers = (int.from_bytes(decoded(jwk[name])) for name in ("e", "n"))
    try:
        public = rsa.RSAPublicNumbers(*numbers).public_key()
        public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


class OfTokens(Good):
    """Takes tokens as bearers, and publishes its key."""

    verifier: ClassVar[Verifier]

    def tenant(self) -> str | None:
        """Return whose token was presented."""
        presented = self.headers.get_all("Authorization") or []
        if len(presented) != 1 or not presented[0].startswith("Bearer "):
            return None
        return self.holder(presented[0].removeprefix("Bearer "), self.verifier)

    def holder(self, token: str, verifier: Verifier) -> str | None:
        """Return whose token it is; None for one that does not count."""
        try:
            return verifier.tenant(token)
        except (RefusedError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def refuse(self) -> None:
        """Send the one refusal, or the published key to whoever asks for that."""
        algorithm = self.verifier.algorithm
        if self.path == "/.well-known/jwks.json" and algorithm != "HS256":
            own = {"kid": KEY_ID, "alg": algorithm, "use": "sig"}
            self.reply(200, {"keys": [{**jwk_of(private_key(algorithm)), **own}]})
            return
        # Who presents nothing is told of no error (RFC 6750 section 3.1).
        told = ' error="invalid_token"' if "Authorization" in self.headers else ""
        self.reply(401, self.refusal, {"WWW-Authenticate": f"Bearer{told}"})


class ByCookieToo(OfTokens):
    """Takes them out of a cookie as well, where ``jar`` verifies them."""

    jar: ClassVar[Verifier]

    def tenant(self) -> str | None:
        """Return whose token was presented, by the first way by which any was."""
        if "Authorization" in self.headers:
            return super().tenant()
        name, _, token = (self.headers.get("Cookie") or "").partition("=")
        return self.holder(token, self.jar) if name == COOKIE else None


def server_of_two(algorithm: str, mistake: str = "") -> type[ByCookieToo]:
    """Return a server that is right about bearers, with a mistake, if any, about cookies."""
    right, jar = Verifier(algorithm), Verifier(algorithm, mistake)
    return type("ByCookieToo", (ByCookieToo,), {"verifier": right, "jar": jar})


def server_of(algorithm: str, mistake: str = "") -> type[OfTokens]:
    """Return a server whose tokens are signed by an algorithm, with a mistake if any."""
    return type("OfTokens", (OfTokens,), {"verifier": Verifier(algorithm, mistake)})
