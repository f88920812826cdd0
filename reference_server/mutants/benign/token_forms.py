"""What signs and opens session tokens of other forms, and a validator of other habits."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from sqlalchemy import text

from reference_server.mutants.bending import engine_of
from reference_server.mutants.jwt.verifying import bytes_of
from reference_server.sessions.signing import ALGORITHM, LONGEST_TOKEN, SignedTokens
from reference_server.sessions.validation import AuthValidation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.core.principal import Principal
    from reference_server.core.settings import Settings
    from reference_server.parts import Parts
    from reference_server.sessions.claims import Claims

_LEEWAY = 30
_LATER = timedelta(seconds=_LEEWAY)


class OtherTokens(SignedTokens):
    """Tokens of another form: what signs and opens them, and how the judge signs others."""

    names: Mapping[str, str] = {}

    def __init__(self, real: SignedTokens, parts: Parts) -> None:
        super().__init__(real.secrets)
        self.parts = parts

    def told(self) -> dict[str, Any]:
        """Return what a profile tells of it, as ``[channels.signing]`` has it."""
        return {"secret": self.secrets[0].decode(), "algorithm": ALGORITHM}


class ByKey(OtherTokens):
    """Signs by a private key, and opens by its public half; a header says nothing else."""

    algorithm = "ES256"

    def __init__(self, real: SignedTokens, parts: Parts) -> None:
        super().__init__(real, parts)
        self.private = self.key()

    def key(self) -> Any:
        """Return the key, which every process of the server makes of the one secret."""
        number = int.from_bytes(hashlib.sha256(self.secrets[0]).digest())
        return ec.derive_private_key(number % 2**250 + 1, ec.SECP256R1())

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return the token."""
        payload = json.dumps(claims, separators=(",", ":")).encode()
        return jwt.PyJWS().encode(payload, self.private, self.algorithm, headers={"typ": "JWT"})

    def open(self, token: str) -> bytes | None:
        """Return the payload of a token in its one spelling; None for any other text."""
        if len(token) > LONGEST_TOKEN or not all(map(_is_canonical, token.split("."))):
            return None
        named, public = [self.algorithm], self.private.public_key()
        try:
            found = jwt.PyJWS(algorithms=named).decode_complete(token, public, named)
        except (jwt.PyJWTError, ValueError):
            return None
        is_ours = found["header"] == {"alg": self.algorithm, "typ": "JWT"}
        return found["payload"] if is_ours else None

    def told(self) -> dict[str, Any]:
        """Return what a profile tells of it."""
        form = serialization.PrivateFormat.PKCS8
        plain = serialization.NoEncryption()
        pem: bytes = self.private.private_bytes(serialization.Encoding.PEM, form, plain)
        return {"private_key": pem.decode(), "algorithm": self.algorithm}


def _is_canonical(part: str) -> bool:
    return base64.urlsafe_b64encode(bytes_of(part)).rstrip(b"=").decode() == part


class ByEd25519(ByKey):
    """Signs by EdDSA (RFC 8037)."""

    algorithm = "EdDSA"

    def key(self) -> Any:
        """Return the key."""
        seed = hashlib.sha256(self.secrets[0]).digest()
        return ed25519.Ed25519PrivateKey.from_private_bytes(seed)


class ByRsa(ByKey):
    """Signs by RS256, with a key from a file beside the other secrets."""

    algorithm = "RS256"
    file: ClassVar[Path] = Path()

    @classmethod
    def keep(cls, settings: Settings) -> Settings:
        """Write the file where there is none, and note where it is."""
        cls.file = settings.secrets_dir / "SESSION_SIGNING_KEY.pem"
        if not cls.file.exists():
            pem = rsa.generate_private_key(65537, 2048).private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            cls.file.touch(0o600)
            cls.file.write_bytes(pem)
        return settings

    def key(self) -> Any:
        """Return the key."""
        return serialization.load_pem_private_key(self.file.read_bytes(), password=None)


class LookedUp(OtherTokens):
    """Gives tokens that say nothing, and keeps in a table what each stands for."""

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return a random token."""
        token = secrets.token_urlsafe(32)
        with engine_of(self.parts).begin() as connection:
            connection.execute(_KEEP, {"digest": _digest(token), "claims": json.dumps(claims)})
        return token

    def open(self, token: str) -> bytes | None:
        """Return what a token stands for; None for one that was never given."""
        with engine_of(self.parts).begin() as connection:
            found: str | None = connection.scalar(_FIND, {"digest": _digest(token)})
        return None if found is None else found.encode()


TABLE = (
    "CREATE TABLE given_tokens (digest text PRIMARY KEY, claims text NOT NULL)",
    "ALTER TABLE given_tokens OWNER TO mcp_admin",
    "GRANT SELECT, INSERT ON given_tokens TO mcp_app",
    "GRANT SELECT ON given_tokens TO mcp_auditor",
)
_KEEP = text("INSERT INTO given_tokens VALUES (:digest, :claims)")
_FIND = text("SELECT claims FROM given_tokens WHERE digest = :digest")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class Renamed(OtherTokens):
    """Calls claims otherwise, and knows them by no other name."""

    names: Mapping[str, str] = {
        "iss": "issuer",
        "aud": "for",
        "sub": "user",
        "exp": "until",
        "nbf": "from",
        "iat": "made",
        "jti": "number",
    }

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return the token."""
        return super().sign({self.names.get(name, name): told for name, told in claims.items()})

    def open(self, token: str) -> bytes | None:
        """Return the claims by their usual names."""
        if (payload := super().open(token)) is None:
            return None
        usual = {theirs: ours for ours, theirs in self.names.items()}
        told: dict[str, Any] = json.loads(payload)
        kept = {
            usual.get(name, name): what for name, what in told.items() if name not in self.names
        }
        return json.dumps(kept).encode()


class ForSeveral(OtherTokens):
    """Issues tokens for another service as well."""

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return the token."""
        return super().sign({**claims, "aud": [claims["aud"], "urn:hallmark:reports"]})


class Unhurried(AuthValidation):
    """Lets clocks be half a minute apart (RFC 7519 section 4.1.4: a few minutes at most)."""

    def admits(self, claims: Claims) -> bool:
        """Tell whether the claims are those of a token whose time has nearly come."""
        now = int(self.clock.now().timestamp())
        begun = [moment for moment in (claims.iat, claims.nbf) if moment is not None]
        if max(begun) > now + _LEEWAY:
            return False
        return super().admits(replace(claims, iat=min(claims.iat, now), nbf=None))

    def holds(self, principal: Principal) -> bool:
        """Tell whether a proof was good half a minute ago."""
        ends = principal.ends
        later = principal if ends is None else replace(principal, ends=ends + _LATER)
        return super().holds(later)
