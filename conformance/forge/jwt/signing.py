"""Signatures of tokens (RFC 7518, RFC 8037): by a secret, by a private key, by a stranger's."""

from __future__ import annotations

import hmac
import secrets
from functools import cache
from typing import TYPE_CHECKING, Any

from conformance.text.tokens import encoded

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.hashes import HashAlgorithm

    Sign = Callable[[str, bytes], bytes]

_CURVES = {"ES256": "SECP256R1", "ES256K": "SECP256K1", "ES384": "SECP384R1", "ES512": "SECP521R1"}
_EDWARDS = frozenset({"EdDSA", "Ed25519"})
_RSA_BITS = 2048
_ALWAYS = 65537


class UnsignableError(ValueError):
    """A key does not sign by an algorithm, or is none."""


def by_secret(secret: bytes) -> Sign:
    """Return what signs by a secret."""

    def sign(algorithm: str, message: bytes) -> bytes:
        name = {"256": "sha256", "384": "sha384", "512": "sha512"}.get(algorithm[2:])
        if not algorithm.startswith("HS") or name is None:
            raise UnsignableError(f"a secret does not sign by {algorithm}")
        return hmac.digest(secret, message, name)

    return sign


def by_private_key(pem: bytes) -> Sign:
    """Return what signs by a private key in PEM. Raises UnsignableError where it is none."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise UnsignableError(f"is no private key in PEM without a password: {error}") from None
    return by_key(key)


def by_stranger(algorithm: str) -> Sign:
    """Return what signs by an algorithm with a key that nobody else has."""
    if algorithm.startswith("HS"):
        return by_secret(secrets.token_bytes(64))
    return by_key(strangers_key(algorithm))


@cache
def strangers_key(algorithm: str) -> Any:
    """Return a stranger's private key of the kind that an algorithm takes, the same each time."""
    is_rsa = algorithm not in _EDWARDS and algorithm not in _CURVES
    return _strangers_rsa_key() if is_rsa else new_key(algorithm)


@cache
def _strangers_rsa_key() -> Any:
    """Return the one RSA key of a stranger: to make another takes a tenth of a second."""
    return new_key("RS256")


def new_key(algorithm: str, bits: int = _RSA_BITS) -> Any:
    """Return a new private key of the kind that an algorithm takes; ``bits`` are those of RSA."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if algorithm in _EDWARDS:
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm in _CURVES:
        return ec.generate_private_key(getattr(ec, _CURVES[algorithm])())
    return rsa.generate_private_key(_ALWAYS, bits)


def jwk_of(key: Any) -> dict[str, str]:
    """Return the public half of a private key as a JWK (RFC 7518 section 6, RFC 8037)."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        return {"kty": "RSA", "n": _unsigned(numbers.n), "e": _unsigned(numbers.e)}
    if isinstance(public, ec.EllipticCurvePublicKey):
        point = public.public_numbers()
        size = (public.curve.key_size + 7) // 8
        names = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
        curve = names.get(public.curve.name, public.curve.name)
        return {"kty": "EC", "crv": curve, "x": _sized(point.x, size), "y": _sized(point.y, size)}
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "x": encoded(raw)}


def _unsigned(number: int) -> str:
    return _sized(number, (number.bit_length() + 7) // 8)


def _sized(number: int, size: int) -> str:
    return encoded(number.to_bytes(size, "big"))


def by_key(key: Any) -> Sign:
    """Return what signs by a private key of the library's."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

    def sign(algorithm: str, message: bytes) -> bytes:
        if isinstance(key, rsa.RSAPrivateKey) and algorithm[:2] in {"RS", "PS"}:
            return key.sign(message, _padding(algorithm), _digest(algorithm))
        if isinstance(key, ec.EllipticCurvePrivateKey) and algorithm.startswith("ES"):
            return _raw(key.sign(message, ec.ECDSA(_digest(algorithm))), key.curve.key_size)
        if isinstance(key, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)):
            return key.sign(message)
        raise UnsignableError(f"{type(key).__name__} does not sign by {algorithm}")

    return sign


def _padding(algorithm: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric import padding

    if algorithm.startswith("RS"):
        return padding.PKCS1v15()
    return padding.PSS(padding.MGF1(_digest(algorithm)), padding.PSS.DIGEST_LENGTH)


def _digest(algorithm: str) -> HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    return {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[algorithm[2:5]]


def _raw(der: bytes, bits: int) -> bytes:
    """Return an ECDSA signature as two numbers of fixed size (RFC 7518 section 3.4)."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    size = (bits + 7) // 8
    return b"".join(number.to_bytes(size, "big") for number in decode_dss_signature(der))


def is_signed_by(token_signature: bytes, algorithm: str, secret: bytes, message: bytes) -> bool:
    """Tell whether a signature is that of a secret."""
    try:
        return hmac.compare_digest(by_secret(secret)(algorithm, message), token_signature)
    except UnsignableError:
        return False
