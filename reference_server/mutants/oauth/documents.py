"""Defects of clients that are known by a document: what is taken of it, and how it is fetched."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import httpx

from reference_server.core.errors import RefusedUrlError
from reference_server.mutants.bending import Beside, mutant
from reference_server.mutants.oauth.authorizing import authorized, clients_as
from reference_server.oauth.clients import Client, ClientKind
from reference_server.oauth.documents import DocumentClients
from reference_server.outbound.fetching import Page

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.oauth.contracts import AuthorizationParts
    from reference_server.oauth.documents import Reader
    from reference_server.parts import Parts

_FOUND = 302
_PATIENT_SECONDS = 9.0
_LARGE = 1 << 20


def _reading(kind: Callable[[Reader], Reader]) -> Callable[[Parts], Parts]:
    """Return a change of parts in which documents are read in another way."""

    def make(real: AuthorizationParts, _: Parts) -> _Documents:
        return _Documents.of(real.clients, kind)

    return authorized(clients=make)


class _Documents(DocumentClients):
    """Clients by their documents, read by another reader than the real ones are."""

    @classmethod
    def of(cls, real: Any, kind: Callable[[Reader], Reader]) -> _Documents:
        """Return the real ones with another reader."""
        return cls(real.registered, kind(real._reader), real._clock, tuple(real._allowed))  # noqa: SLF001 -- its own kind


class _Anywhere(_Documents):
    """Takes a document from wherever it is said to be."""

    def is_document(self, client_id: str) -> bool:
        return "://" in client_id


class _Mended(Beside):
    """Reads a document and mends it, so that it is one that is taken."""

    def __init__(self, real: Reader, mend: Callable[[dict[str, Any], str], Any]) -> None:
        super().__init__(real)
        self._mend = mend

    def read(self, url: str, most: int, accept: str = "*/*") -> Page:
        page = self.real.read(url, most, accept)
        try:
            told = json.loads(page.body)
        except ValueError:
            return page
        if not isinstance(told, dict):
            return page
        mended = self._mend(cast("dict[str, Any]", told), url)
        return replace(page, body=json.dumps(mended).encode())


def _mending(mend: Callable[[dict[str, Any], str], Any]) -> Callable[[Parts], Parts]:
    return _reading(lambda real: _Mended(real, mend))


def _own(told: dict[str, Any], url: str) -> dict[str, Any]:
    return {**told, "client_id": url} if "client_id" in told else told


def _named(told: dict[str, Any], _: str) -> dict[str, Any]:
    return {"client_name": "An application", **told}


def _without_secrets(told: dict[str, Any], _: str) -> dict[str, Any]:
    kept = {name: value for name, value in told.items() if not name.startswith("client_secret")}
    return {**kept, "token_endpoint_auth_method": "none"}


class _Following(Beside):
    """Follows redirects."""

    def read(self, url: str, most: int, accept: str = "*/*") -> Page:
        page = self.real.read(url, most, accept)
        place = page.headers.get("location")
        return self.real.read(place, most, accept) if page.status == _FOUND and place else page


class _Large(Beside):
    """Reads as much as there is."""

    def read(self, url: str, most: int, accept: str = "*/*") -> Page:
        return self.real.read(url, most + _LARGE, accept)


class _Trusting(Beside):
    """Asks whatever address a URL leads to, and waits for as long as it may be."""

    def read(self, url: str, most: int, accept: str = "*/*") -> Page:
        until, body = time.monotonic() + _PATIENT_SECONDS, b""
        try:
            with (
                httpx.Client(trust_env=False, timeout=_PATIENT_SECONDS) as client,
                client.stream("GET", url, headers={"Accept": accept}) as answer,
            ):
                for chunk in answer.iter_raw():
                    body += chunk
                    if time.monotonic() > until:
                        break
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RefusedUrlError("It cannot be fetched.") from error
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Page(answer.status_code, headers, body[:most], len(body) <= most)


class _AtOwnOrigin(Beside):
    """Reads documents of the origin that may be asked as one who waits for them."""

    def read(self, url: str, most: int, accept: str = "*/*") -> Page:
        if urlsplit(url).scheme != "http":
            return self.real.read(url, most, accept)
        return _Trusting(self.real).read(url, most, accept)


class _Remembering(Beside):
    """Remembers which documents were no good."""

    def __init__(self, real: Any) -> None:
        super().__init__(real)
        self._bad: dict[str, RefusedUrlError] = {}

    def find(self, client_id: str) -> Client | None:
        if client_id in self._bad:
            raise self._bad[client_id]
        try:
            return self.real.find(client_id)
        except RefusedUrlError as error:
            self._bad[client_id] = error
            raise


class _Anywhither(Client):
    """Lets a client of a document have its answer sent wherever it says."""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return self.kind is ClientKind.DOCUMENT or super().check_redirect_uri(redirect_uri)


MUTANTS = (
    mutant(
        "document-of-another-client",
        "OAUTH-16",
        "A document counts at whatever URL it stands, whichever it names.",
        parts=_mending(_own),
    ),
    mutant(
        "document-without-a-name",
        "OAUTH-16",
        "A document need not say what the client is called.",
        parts=_mending(_named),
    ),
    mutant(
        "document-with-a-secret",
        "OAUTH-16",
        "A document may hold a secret, and a method that takes one.",
        parts=_mending(_without_secrets),
    ),
    mutant(
        "document-behind-a-redirect",
        "OAUTH-16",
        "A redirect is followed to a document.",
        parts=_reading(_Following),
    ),
    mutant(
        "document-of-any-size",
        "OAUTH-16",
        "A document may be as large as it likes.",
        parts=_reading(_Large),
    ),
    mutant(
        "document-from-any-address",
        "OAUTH-16",
        "A document is fetched from whatever address its URL leads to.",
        parts=authorized(clients=lambda real, _: _Anywhere.of(real.clients, _Trusting)),
    ),
    mutant(
        "document-waited-for",
        "OAUTH-16",
        "A document is waited for, for as long as it keeps coming.",
        parts=_reading(_AtOwnOrigin),
    ),
    mutant(
        "document-failures-remembered",
        "OAUTH-16",
        "A document that could not be fetched once is not asked for again.",
        parts=authorized(clients=lambda real, _: _Remembering(real.clients)),
    ),
    mutant(
        "document-redirects-unread",
        "OAUTH-16",
        "The redirect URIs of a document are not looked at.",
        parts=clients_as(_Anywhither),
    ),
)
