"""The bytes that a published key may be taken for by whoever confuses the algorithms."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from conformance.forge.jwt.shape import written
from conformance.text.tokens import decoded

if TYPE_CHECKING:
    from collections.abc import Mapping

_CURVES = {"P-256": "SECP256R1", "P-384": "SECP384R1", "P-521": "SECP521R1"}


def forms_of(jwk: Mapping[str, Any]) -> dict[str, bytes]:
    """Return a public key's bytes in each form in which it is kept, by the form's name.

    PEM with its newline at the end and without, with the line ends of Windows, without its frame;
    DER; a line of OpenSSH's; and the JWK as text, whole or with what it takes alone (RFC 7638).
    """
    found = {
        "jwk": written(jwk),
        "jwk-spaced": json.dumps(jwk).encode(),
        "jwk-needed": written({name: jwk[name] for name in _needed(jwk)}),
        "jwks": written({"keys": [jwk]}),
        "number": str(jwk.get("n") or jwk.get("x") or "").encode(),
    }
    with suppress(ValueError):
        found["number-bytes"] = decoded(found["number"].decode())
    with suppress(ValueError, KeyError, TypeError, AttributeError, ImportError):
        found |= _as_files(_public(jwk))
    certificate = jwk.get("x5c")
    if isinstance(certificate, list) and certificate and isinstance(certificate[0], str):
        text: str = certificate[0]
        found["certificate-pem"] = _framed("CERTIFICATE", text)
    return {name: value for name, value in found.items() if value}


def _needed(jwk: Mapping[str, Any]) -> list[str]:
    """Return the members of a JWK's thumbprint that there are, in their order."""
    return [name for name in ("crv", "e", "k", "kty", "n", "x", "y") if name in jwk]


def _framed(what: str, text: str) -> bytes:
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {what}-----", *lines, f"-----END {what}-----", ""]).encode()


def _as_files(public: Any) -> dict[str, bytes]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    found = {
        "pem": pem,
        "pem-stripped": pem.strip(),
        "pem-crlf": pem.replace(b"\n", b"\r\n"),
        "pem-one-line": pem.replace(b"\n", b"\\n"),
        "pem-unframed": b"".join(pem.splitlines()[1:-1]),
        "der": der,
        "der-base64": base64.b64encode(der),
        "der-hex": der.hex().encode(),
    }
    with suppress(UnsupportedAlgorithm, ValueError):  # not of every curve
        found["openssh"] = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        found["openssh-line"] = found["openssh"] + b"\n"
    with suppress(ValueError):  # of RSA alone
        found["pkcs1-pem"] = public.public_bytes(Encoding.PEM, PublicFormat.PKCS1)
        found["pkcs1-pem-stripped"] = found["pkcs1-pem"].strip()
        found["pkcs1-der"] = public.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    return found


def _public(jwk: Mapping[str, Any]) -> Any:
    """Return the key of a JWK. Raises ValueError and KeyError for what is none."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    kind = jwk["kty"]
    if kind == "RSA":
        return rsa.RSAPublicNumbers(_number(jwk["e"]), _number(jwk["n"])).public_key()
    if kind == "EC":
        curve = getattr(ec, _CURVES[jwk["crv"]])()
        numbers = ec.EllipticCurvePublicNumbers(_number(jwk["x"]), _number(jwk["y"]), curve)
        return numbers.public_key()
    return ed25519.Ed25519PublicKey.from_public_bytes(decoded(jwk["x"]))


def _number(text: str) -> int:
    return int.from_bytes(decoded(text), "big")
