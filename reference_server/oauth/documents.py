"""Clients that are known by a document of their own: the client's id is the document's URL.

draft-ietf-oauth-client-id-metadata-document-00, as MCP 2026-07-28 asks for it. Whoever asks for
consent has the server fetch a URL, so the fetch leads to public addresses alone, follows no
redirect, and is bounded in bytes and seconds (``outbound.fetching``).
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from reference_server.core.errors import RefusedUrlError
from reference_server.core.text import json_object
from reference_server.core.urls import is_loopback
from reference_server.oauth.clients import (
    LONGEST_ID,
    BadMetadataError,
    Client,
    ClientKind,
    read_metadata,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from reference_server.core.contracts import Clock
    from reference_server.oauth.clients import SqlClients
    from reference_server.oauth.contracts import Clients
    from reference_server.outbound.fetching import Page

MOST_BYTES = 5 * 1024
"""Of a document (section 6.6 of the draft)."""

MOST_REMEMBERED = 256
"""Documents that are remembered."""

USUAL_SECONDS, MOST_SECONDS = 300, 24 * 3600
"""How long a document is good that says nothing of it, and at most."""

_MAX_AGE = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?(\d{1,9})\"?\s*(?:,|$)", re.IGNORECASE)
_UNKEPT = re.compile(r"(?:^|,)\s*no-(?:store|cache)\b", re.IGNORECASE)
_SECRETS = ("client_secret", "client_secret_expires_at")
_METHODS = frozenset({None, "none"})
"""How a client of a document proves itself: it has no secret (section 4.1), and of keys nobody here
makes use."""
_OK = 200


class Reader(Protocol):
    """Reads what a URL answers."""

    def read(self, url: str, most: int, accept: str = "*/*") -> Page:
        """Return it; RefusedUrlError where it may not be or cannot be asked."""
        ...


@dataclass(frozen=True)
class _Kept:
    client: Client
    until: datetime


class DocumentClients:
    """Finds clients by their documents, and any other among those that registered.

    ``allowed`` are origins on this machine whose documents are taken, too, also in clear.
    """

    def __init__(
        self,
        registered: SqlClients | Clients,
        reader: Reader,
        clock: Clock,
        allowed: tuple[str, ...] = (),
    ) -> None:
        self.registered = registered
        self._reader = reader
        self._clock = clock
        self._allowed = frozenset(allowed)
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, client_id: str) -> Client | None:
        """Return a client; RefusedUrlError, which says why, where its document is no good."""
        if not self.is_document(client_id):
            return self.registered.find(client_id)
        kept = self._remembered(client_id)
        if kept is not None:
            return kept
        page = self._reader.read(client_id, MOST_BYTES, accept="application/json")
        client = read_document(client_id, page)
        self._remember(client, page.headers.get("cache-control", ""))
        return client

    def find_again(self, client_id: str) -> Client | None:
        """Return a client by what it presents: of one with a document nothing has to be known.

        What it was granted names it, and where the answer went; so nobody has the server fetch a
        URL who has no user to ask.
        """
        if not self.is_document(client_id):
            return self.registered.find(client_id)
        return Client(client_id, ClientKind.DOCUMENT, ())

    def describe(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a client that registers itself is registered with."""
        return self.registered.describe(told)

    def register(self, metadata: Mapping[str, Any]) -> Any:
        """Add a client that registers itself."""
        return self.registered.register(metadata)

    def remove(self, client: Client, registration_token: str) -> bool:
        """Remove one that did."""
        return self.registered.remove(client, registration_token)

    def is_document(self, client_id: str) -> bool:
        """Tell whether an id is the URL of a document, and not the name of a registration.

        https with a host and a path, without user information, fragment, or dot segments (section
        3 of the draft); in clear from this machine alone, where the operator has named the origin.
        """
        if "://" not in client_id or not 1 <= len(client_id) <= LONGEST_ID:
            return False
        try:
            parts = urlsplit(client_id)
            origin = f"{parts.scheme}://{parts.netloc}"
            is_ours = origin in self._allowed and is_loopback(parts.hostname or "")
        except ValueError:
            return False
        return (
            (parts.scheme == "https" or is_ours)
            and bool(parts.hostname)
            and len(parts.path) > 1
            and "@" not in parts.netloc
            and "#" not in client_id
            and not {".", ".."} & set(parts.path.split("/"))
        )

    def _remembered(self, client_id: str) -> Client | None:
        with self._lock:
            kept = self._kept.get(client_id)
        return kept.client if kept is not None and self._clock.now() < kept.until else None

    def _remember(self, client: Client, cache_control: str) -> None:
        seconds = seconds_good(cache_control)
        if seconds <= 0:
            return
        until = self._clock.now() + timedelta(seconds=seconds)
        with self._lock:
            self._kept.pop(client.id, None)
            self._kept[client.id] = _Kept(client, until)
            while len(self._kept) > MOST_REMEMBERED:
                self._kept.popitem(last=False)


def seconds_good(cache_control: str) -> int:
    """Return how long a document is good by its Cache-Control field (RFC 9111 section 5.2.2)."""
    if _UNKEPT.search(cache_control):
        return 0
    told = _MAX_AGE.search(cache_control)
    return min(int(told[1]), MOST_SECONDS) if told else USUAL_SECONDS


def read_document(client_id: str, page: Page) -> Client:
    """Return the client that a document describes; RefusedUrlError, which says what is wrong."""
    kind = page.headers.get("content-type", "").partition(";")[0].strip().lower()
    if page.status != _OK:
        raise RefusedUrlError(f"It was answered with the status {page.status}, not 200.")
    if kind != "application/json" and not (kind.startswith("application/") and "+json" in kind):
        raise RefusedUrlError("It is not of the type application/json.")
    if not page.is_whole:
        raise RefusedUrlError(f"It has more than {MOST_BYTES} bytes.")
    told = _object(page.body)
    if told.get("client_id") != client_id:
        raise RefusedUrlError("Its client_id is not its own URL.")
    try:
        read = read_metadata(told)
        _check_public(told)
    except BadMetadataError as error:
        raise RefusedUrlError(f"It is no description of a client. {error}.") from None
    if read.client_name is None:
        raise RefusedUrlError("It has no client_name.")
    return Client(
        id=client_id,
        kind=ClientKind.DOCUMENT,
        redirect_uris=tuple(read.redirect_uris),
        name=read.client_name,
        grant_types=tuple(read.grant_types),
    )


def _check_public(told: Mapping[str, Any]) -> None:
    for name in _SECRETS:
        if name in told:
            raise BadMetadataError(name, "everybody can read it, so it is no secret")
    if told.get("token_endpoint_auth_method") not in _METHODS:
        raise BadMetadataError("token_endpoint_auth_method", "it has to be none")


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json_object(body.decode("utf-8"))
    except UnicodeDecodeError:
        told = None
    if told is None:
        raise RefusedUrlError("It is no JSON object.")
    return told
