"""Signs and opens tokens: compact JWS under HS256, and nothing else (RFC 7515, RFC 8725).

The algorithm and the key are those of the configuration; what a token's header says of either
changes nothing but that the token is refused.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

import jwt

from reference_server.core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ALGORITHM = "HS256"

LONGEST_TOKEN = 4096
"""Characters of a token: ours have fewer than a thousand."""

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}")
"""Three parts, none of them empty or padded, the last of which is as long as an HMAC-SHA256."""

_HEADER = frozenset({"alg", "typ"})
"""All that a header of ours says. One that names a key, a critical extension or a content type was
made by somebody else."""


class SignedTokens:
    """Signs under the first of some secrets, and opens what was signed under any of them.

    ConfigurationError for a secret with which nothing can be signed, such as a PEM file.
    """

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._jws = jwt.PyJWS(algorithms=[ALGORITHM])
        self.secrets = tuple(secrets)
        try:
            self._decoys = {one: self._spoiled(one) for one in self.secrets}
        except jwt.PyJWTError as error:
            raise ConfigurationError(
                f"The secret SESSION_SIGNING_SECRET cannot sign ({error}): write a random one, "
                "such as `openssl rand -base64 32` makes."
            ) from error

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return the token."""
        payload = json.dumps(claims, separators=(",", ":")).encode()
        return self._jws.encode(payload, self.secrets[0], ALGORITHM, headers={"typ": "JWT"})

    def open(self, token: str) -> bytes | None:
        """Return the payload of a token that was signed here; None for any other text.

        Whatever is wrong, as many signatures are computed: time tells neither what nor which.
        """
        found = [self._open(token, secret) for secret in self.secrets]
        return next((payload for payload in found if payload is not None), None)

    def _open(self, token: str, secret: bytes) -> bytes | None:
        is_compact = len(token) <= LONGEST_TOKEN and _COMPACT.fullmatch(token) is not None
        try:
            # Padding and other encodings are refused above, for PyJWT takes some of them.
            opened = self._decoded(token, secret) if is_compact else None
        except jwt.InvalidSignatureError:
            return None
        except jwt.PyJWTError:
            opened = None
        if opened is None:
            self._compute(secret)
            return None
        return opened["payload"] if _is_plain(opened["header"]) else None

    def _decoded(self, token: str, secret: bytes) -> dict[str, Any]:
        return self._jws.decode_complete(token, secret, algorithms=[ALGORITHM])

    def _compute(self, secret: bytes) -> None:
        """Refuse a token of our own making, which takes what refusing a wrong signature takes."""
        try:
            self._decoded(self._decoys[secret], secret)
        except jwt.InvalidSignatureError:
            return

    def _spoiled(self, secret: bytes) -> str:
        claims = json.dumps({"sub": "nobody", "jti": "0" * 400}).encode()
        token = self._jws.encode(claims, secret, ALGORITHM)
        return token[:-43] + ("A" if token[-43] != "A" else "B") + token[-42:]


def _is_plain(header: dict[str, Any]) -> bool:
    kind = cast("object", header.get("typ", "JWT"))
    return header.keys() <= _HEADER and isinstance(kind, str) and kind.upper() == "JWT"
