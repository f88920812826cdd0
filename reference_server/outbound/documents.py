"""Fetches documents from servers that the operator trusts: bounded in time and size, unredirected.

The address is judged where the connection is made, as for callers' URLs: what a trusted server's
metadata names must not lead into the operator's own network either.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode, urlsplit

import httpcore

from reference_server.core.errors import RefusedUrlError
from reference_server.outbound.fetching import PublicNetwork, place_of, plain_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from urllib.parse import SplitResult

SECONDS = 5.0
"""How long an exchange may take, from the name to the last byte that is read."""
MOST_BYTES = 256 * 1024
_OK = 200


class DocumentError(Exception):
    """A document is not to be had: no answer in time, none that is right, or too long a one."""


class Documents(Protocol):
    """Where documents come from."""

    def get(self, url: str) -> bytes:
        """Return what a URL holds; DocumentError where that cannot be had."""
        ...

    def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> bytes:
        """Return what a form is answered with; errors as ``get``."""
        ...


class HttpsDocuments:
    """Asks over TLS, at public addresses; at ``origins``, as the operator says, however it is."""

    def __init__(self, origins: Iterable[str] = ()) -> None:
        self._origins = frozenset(origins)
        self._allowed = [place_of(urlsplit(one)) for one in self._origins]

    def get(self, url: str) -> bytes:
        """Return what a URL holds; DocumentError where that cannot be had."""
        return self._asked("GET", url, None, {})

    def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> bytes:
        """Return what a form is answered with; errors as ``get``."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._asked("POST", url, urlencode(form).encode(), {**kind, **headers})

    def post_json(self, url: str, document: Any, headers: Mapping[str, str]) -> bytes:
        """Return what a JSON document is answered with; errors as ``get``."""
        kind = {"Content-Type": "application/json"}
        return self._asked("POST", url, json.dumps(document).encode(), {**kind, **headers})

    def _asked(
        self, method: str, url: str, content: bytes | None, headers: Mapping[str, str]
    ) -> bytes:
        try:
            self._check(plain_url(url))
        except RefusedUrlError as error:
            raise DocumentError("a trusted server names what is no URL") from error
        fields = [(b"Accept", b"application/json")]
        fields += [(name.encode(), value.encode()) for name, value in headers.items()]
        network = PublicNetwork(self._allowed, SECONDS)  # of one exchange, whose time it bounds
        try:
            with (
                httpcore.ConnectionPool(network_backend=network, retries=0) as pool,
                pool.stream(method, url, headers=fields, content=content) as response,
            ):
                return _read(response)
        except (
            *(httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError),
            *(OSError, RefusedUrlError),
        ) as error:
            raise DocumentError(f"{urlsplit(url).netloc}: {type(error).__name__}") from error

    def _check(self, parts: SplitResult) -> None:
        if parts.scheme != "https" and f"{parts.scheme}://{parts.netloc}" not in self._origins:
            raise DocumentError("a trusted server names a URL without TLS")


def _read(response: httpcore.Response) -> bytes:
    if response.status != _OK:
        raise DocumentError(f"status {response.status}")
    found = bytearray()
    for part in response.iter_stream():
        found += part
        if len(found) > MOST_BYTES:
            raise DocumentError("more than a document has")
    return bytes(found)
