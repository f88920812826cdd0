"""The same authorization server, to which clients are known by documents of their own as well."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import urlsplit

import httpx

from conformance.selftest.authorization.grants import Memory, Refused
from conformance.selftest.authorization.server import Authorizes

MOST_BYTES = 5120
SECONDS = 0.5
PATIENT_SECONDS = 8.0
"""How long one waits that waits too long, though not so long that nobody may wait for it."""
_SHARED = frozenset({"client_secret_basic", "client_secret_post", "client_secret_jwt"})


@dataclass
class Memories(Memory):
    """What it remembers of documents besides: which it may ask for, and what came of that."""

    allowed: str = ""
    failed: set[str] = field(default_factory=set[str])


class TakesDocuments(Authorizes):
    """Looks for a client at the URL that is its id."""

    memory: ClassVar[Memories]  # type: ignore[assignment] -- one that remembers more

    def takes_documents(self) -> bool:
        """Tell that it does."""
        return True

    def client(self, name: str) -> dict[str, Any] | None:
        """Return a client that is registered, or whose document is right."""
        if "://" not in name:
            return super().client(name)
        if name in self.memory.failed:
            return None
        try:
            return self._read(name)
        except (Refused, ValueError, KeyError, TypeError, httpx.HTTPError, httpx.InvalidURL):
            if self.makes("failures kept"):
                self.memory.failed.add(name)
            return None

    def _read(self, url: str) -> dict[str, Any]:
        told: Any = self._fetched(url).json()
        wrong = {
            "documents of others": told["client_id"] != url,
            "documents without names": "client_name" not in told,
            "secrets in documents": told.get("token_endpoint_auth_method") in _SHARED
            or "client_secret" in told,
        }
        if any(is_so and not self.makes(mistake) for mistake, is_so in wrong.items()):
            raise Refused("invalid_client")
        if self.makes("documents for any redirect"):
            told["redirect_uris"] = [*told["redirect_uris"], self.form().get("redirect_uri")]
        if not told["redirect_uris"]:
            raise Refused("invalid_client")
        return {"client_name": "", **told}

    def _fetched(self, url: str) -> httpx.Response:
        parts = urlsplit(url)
        is_allowed = f"{parts.scheme}://{parts.netloc}" == self.memory.allowed
        if not is_allowed and not self.makes("documents from anywhere"):
            raise Refused("invalid_client")
        seconds = PATIENT_SECONDS if self.makes("patience") else SECONDS
        until, body = time.monotonic() + seconds, bytearray()
        follows = self.makes("redirects to documents")
        with (
            httpx.Client(trust_env=False, timeout=SECONDS) as client,
            client.stream("GET", url, follow_redirects=follows) as answer,
        ):
            for chunk in answer.iter_raw():
                body += chunk
                if len(body) > MOST_BYTES and not self.makes("documents of any size"):
                    raise Refused("invalid_client")
                if time.monotonic() > until:
                    raise Refused("invalid_client")
        if answer.status_code != HTTPStatus.OK:
            raise Refused("invalid_client")
        return httpx.Response(200, content=bytes(body))


def server_with_documents(*mistakes: str, **terms: Any) -> type[TakesDocuments]:
    """Return a server that takes them, and makes some mistakes, or none."""
    memory = Memories(frozenset(filter(None, mistakes)), **terms)
    return type("TakesDocuments", (TakesDocuments,), {"memory": memory})
