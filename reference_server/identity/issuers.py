"""A trusted issuer at work: what discovery tells of it, its keys, and what they have signed."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jwt
from jwt.utils import base64url_decode

from reference_server.core.text import base64url, json_object
from reference_server.identity.jwks import ALGORITHMS, VerifyingKey, read_key_set
from reference_server.identity.keyring import KeyRing, Pace
from reference_server.outbound.documents import DocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.core.contracts import Clock
    from reference_server.identity.definitions import TrustedIssuer
    from reference_server.outbound.documents import Documents

_OPENID = "/.well-known/openid-configuration"
_OAUTH = "/.well-known/oauth-authorization-server"
LONGEST_TOKEN = 8 * 1024
"""Characters: issuers put groups and roles into theirs."""
_LOCK_SECONDS = 2.0
_PARTS = 3
_PART = re.compile(r"[A-Za-z0-9_-]+")
_KNOWN = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256", "x5c"})
"""What a header may say. Keys that it brings are not looked at, and no extension is understood."""


@dataclass(frozen=True)
class Metadata:
    """What an issuer tells of itself (OpenID Connect Discovery 1.0 section 3, RFC 8414)."""

    jwks_uri: str
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    tells_issuer: bool = False
    """Whether its authorization responses say whose they are (RFC 9207)."""


class Issuer:
    """One issuer."""

    def __init__(self, told: TrustedIssuer, documents: Documents, clock: Clock) -> None:
        self.told, self.documents = told, documents
        self._metadata: Metadata | None = None
        self._failed = float("-inf")
        self._lock = threading.Lock()
        pace = Pace(
            told.refresh_seconds,
            timedelta(seconds=told.fresh_seconds),
            timedelta(seconds=told.outage_seconds),
        )
        self.keys = KeyRing(self._fetch_keys, clock, pace)
        self._jws = jwt.PyJWS(algorithms=list(ALGORITHMS.values()))

    def metadata(self) -> Metadata:
        """Return what discovery tells; DocumentError while it cannot be had.

        It is asked for again where the issuer's keys are not where it has told, and once in the
        refresh's interval at most while there is no answer.
        """
        if self._metadata is not None:
            return self._metadata
        if not self._lock.acquire(timeout=_LOCK_SECONDS):
            raise DocumentError("the metadata is being fetched")
        try:
            if self._metadata is None:
                self._metadata = self._discover_seldom()
            return self._metadata
        finally:
            self._lock.release()

    def _discover_seldom(self) -> Metadata:
        if time.monotonic() - self._failed < self.told.refresh_seconds:
            raise DocumentError("the metadata could not be had just now")
        try:
            return self._discover()
        except DocumentError:
            self._failed = time.monotonic()
            raise

    def _discover(self) -> Metadata:
        parts = urlsplit(self.told.issuer)
        root, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
        try:
            document = self.documents.get(f"{root}{path}{_OPENID}")
        except DocumentError:
            document = self.documents.get(f"{root}{_OAUTH}{path}")
        return read_metadata(document, self.told.issuer)

    def _fetch_keys(self) -> Mapping[str, VerifyingKey]:
        place = self.metadata().jwks_uri
        try:
            return read_key_set(self.documents.get(place))
        except DocumentError:
            self._metadata = None
            raise

    def open(self, token: str, kinds: frozenset[str]) -> bytes | None:
        """Return the payload of a token that this issuer has signed, of some types.

        None for any other text. ``kinds`` are values of ``typ`` in small letters, without
        ``application/``; the empty one stands for none.
        """
        header = header_of(token)
        if header is None or not header.keys() <= _KNOWN or _kind_of(header) not in kinds:
            return None
        kid, algorithm = header.get("kid"), header.get("alg")
        if not isinstance(kid, str) or algorithm not in ALGORITHMS.values():
            return None
        key = self.keys.find(kid)
        if key is None or key.algorithm != algorithm:
            return None
        try:
            opened: Any = self._jws.decode_complete(token, key.key, algorithms=[key.algorithm])
        except jwt.PyJWTError:
            return None
        return opened["payload"]


def read_metadata(document: bytes, issuer: str) -> Metadata:
    """Return an issuer's metadata; DocumentError where it is none, or another issuer's."""
    found = json_object(document)
    if found is None:
        raise DocumentError("the metadata is no JSON object")
    if found.get("issuer") != issuer:
        raise DocumentError("the metadata is another issuer's")
    names = ("jwks_uri", "authorization_endpoint", "token_endpoint")
    texts = {name: found[name] for name in names if isinstance(found.get(name), str)}
    if "jwks_uri" not in texts:
        raise DocumentError("the metadata names no key set")
    tells = found.get("authorization_response_iss_parameter_supported") is True
    return Metadata(**texts, tells_issuer=tells)


def header_of(token: str) -> dict[str, Any] | None:
    """Return a token's header; None for what is no token in compact form, spelt in the one way."""
    parts = token.split(".")
    if len(token) > LONGEST_TOKEN or len(parts) != _PARTS or not all(map(_is_canonical, parts)):
        return None
    return json_object(_decoded(parts[0]))


def issuer_of(token: str) -> str | None:
    """Return who a token says has issued it; it may lie."""
    if header_of(token) is None:
        return None
    found = (json_object(_decoded(token.split(".")[1])) or {}).get("iss")
    return found if isinstance(found, str) else None


def _is_canonical(part: str) -> bool:
    return _PART.fullmatch(part) is not None and base64url(_decoded(part)) == part


def _decoded(part: str) -> bytes:
    try:
        return base64url_decode(part)
    except ValueError:
        return b""


def _kind_of(header: dict[str, Any]) -> str | None:
    kind: object = header.get("typ", "")
    if not isinstance(kind, str):
        return None
    return kind.lower().removeprefix("application/")
