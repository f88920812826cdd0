"""An issuer in memory: its documents, and tokens signed by its keys."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from reference_server.outbound.documents import DocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

ISSUER = "https://login.example.com/realms/x"
AUDIENCE = "https://mcp.example.com/mcp"
CLIENT = "hallmark-web"
ORGANIZATION = "urn:zitadel:iam:user:resourceowner:id"
NOW = 1_800_000_000
KINDS = {"RS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}


@cache
def private(algorithm: str, bits: int) -> Any:
    """Return the issuer's key."""
    if algorithm == "RS256":
        return rsa.generate_private_key(65537, bits)
    return ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else _edwards()


def _edwards() -> Any:
    return ed25519.Ed25519PrivateKey.generate()


def jwk(algorithm: str, kid: str | None = None, bits: int = 2048, **more: Any) -> dict[str, Any]:
    """Return the public half as it is published; None removes a member."""
    kind = jwt.get_algorithm_by_name(algorithm)
    public: Any = json.loads(kind.to_jwk(private(algorithm, bits).public_key()))
    told = {**public, "kid": kid or algorithm, "alg": algorithm, "use": "sig", **more}
    told.pop("key_ops", None) if "key_ops" not in more else None
    return {name: one for name, one in told.items() if one is not None}


def key_set(*keys: dict[str, Any]) -> bytes:
    """Return a document of keys; all of the issuer's unless some are given."""
    return json.dumps({"keys": keys or [jwk(one) for one in KINDS]}).encode()


def signed(
    claims: Mapping[str, Any], typ: str | None, algorithm: str = "RS256", **header: Any
) -> str:
    """Return a token; claims that are None are left out."""
    told = {name: one for name, one in claims.items() if one is not None}
    head = {"kid": algorithm, "typ": typ, **header}
    head = {name: one for name, one in head.items() if one is not None or name == "typ"}
    return jwt.encode(told, private(algorithm, 2048), algorithm, headers=head)


def access(**changes: Any) -> dict[str, Any]:
    """Return the claims of a right access token, as Zitadel has them."""
    return {
        "iss": ISSUER,
        "aud": [AUDIENCE, "271428472658"],
        "sub": "276400000000000001",
        "client_id": "cli",
        "scope": "mcp openid",
        "jti": "V2_276-at_276",
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 3600,
        ORGANIZATION: "276400000000000777",
        "urn:zitadel:iam:user:resourceowner:name": "Acme",
        "urn:zitadel:iam:user:resourceowner:primary_domain": "acme.zitadel.cloud",
        **changes,
    }


@dataclass
class Memory:
    """Documents by their URLs; an exception is raised, and what was asked is kept."""

    held: dict[str, bytes | Exception] = field(default_factory=dict[str, "bytes | Exception"])
    asked: list[str] = field(default_factory=list[str])
    forms: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    def get(self, url: str) -> bytes:
        """Return what a URL holds."""
        self.asked.append(url)
        found = self.held.get(url, DocumentError("nothing there"))
        if isinstance(found, Exception):
            raise found
        return found

    def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> bytes:
        """Return what a form is answered with."""
        self.forms.append({**form})
        self.headers.append({**headers})
        return self.get(url)


def metadata(**changes: Any) -> bytes:
    """Return what discovery tells."""
    told = {
        "issuer": ISSUER,
        "jwks_uri": f"{ISSUER}/jwks",
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "authorization_response_iss_parameter_supported": True,
        **changes,
    }
    return json.dumps(told).encode()


def documents() -> Memory:
    """Return what the issuer serves."""
    return Memory(
        {
            f"{ISSUER}/.well-known/openid-configuration": metadata(),
            f"{ISSUER}/jwks": key_set(),
        }
    )
