"""Fetches what a caller's URL names, from public addresses and nowhere else.

The check stands where the connection is made, on the address that is connected to: no spelling of a
host, no second answer of a name server and no redirect leads past it.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpcore

from reference_server.core.errors import RefusedUrlError
from reference_server.outbound.addresses import public_address

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Mapping
    from urllib.parse import SplitResult

SECONDS = 5.0
"""How long a fetch may take, from the name to the last byte that is read."""
MOST_BYTES = 64 * 1024
LONGEST_URL = 2000
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Fetched:
    """What a URL answered; ``size`` is in bytes, of at most ``MOST_BYTES`` that were read."""

    status: int
    content_type: str
    size: int


@dataclass(frozen=True)
class Page:
    """What a URL answered: the names of headers are in small letters, the values as they came.

    ``is_whole`` tells whether the body ended within the bytes that were to be read.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool


class _Deadline:
    """When a fetch is over, whatever it still waits for."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left; TimeoutError where none are."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Hurried(httpcore.NetworkStream):
    """A connection of which no operation outlasts the fetch: who drips headers ends it, too."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read in what time is left."""
        del timeout
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write in what time is left."""
        del timeout
        self._stream.write(buffer, self._deadline.left())

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Begin TLS in what time is left."""
        del timeout
        left = self._deadline.left()
        return _Hurried(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks of a connection."""
        return self._stream.get_extra_info(info)


class PublicNetwork(httpcore.NetworkBackend):
    """Connects to public addresses; to others only for an origin that the operator allows.

    A connection lives so many seconds, whatever it is waited for on it.
    """

    def __init__(self, allowed: Iterable[tuple[str, int]] = (), seconds: float = SECONDS) -> None:
        self._allowed = frozenset(allowed)
        self._network = httpcore.SyncBackend()
        self._seconds = seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the address that was judged; RefusedUrlError where there is none."""
        del timeout
        deadline = _Deadline(self._seconds)  # of this connection, which one fetch is made by
        address = host if (host, port) in self._allowed else public_address(host, port)
        left = deadline.left()
        stream = self._network.connect_tcp(address, port, left, local_address, socket_options)
        return _Hurried(stream, deadline)


class Fetcher:
    """Fetches with GET, follows no redirect, and sends nothing of the caller's or the server's.

    ``allowed`` are origins that may be fetched from whatever their address is, as
    ``https://partner.internal:8443``.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = frozenset(map(place_of, map(urlsplit, allowed)))

    def fetch(self, url: str) -> Fetched:
        """Return what the URL answered; RefusedUrlError where it may not be or cannot be asked."""
        page = self.read(url, MOST_BYTES)
        kind = page.headers.get("content-type", "")[:100]
        return Fetched(page.status, kind, len(page.body))

    def read(self, url: str, most: int, accept: str = "*/*") -> Page:
        """Return what the URL answered, of its body ``most`` bytes at most.

        RefusedUrlError as from ``fetch``.
        """
        parts = plain_url(url)
        place = place_of(parts)
        if place not in self._allowed and place[1] != _PORTS[parts.scheme]:
            raise RefusedUrlError("The URL names a port of its own.")
        network = PublicNetwork(self._allowed)
        try:
            with httpcore.ConnectionPool(network_backend=network, retries=0) as pool:
                return _read(pool, url, most, accept)
        except (httpcore.TimeoutException, TimeoutError):
            raise RefusedUrlError("The URL did not answer in time.") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
            raise RefusedUrlError("The URL did not answer.") from None


def place_of(parts: SplitResult) -> tuple[str, int]:
    """Return the host and port that a URL leads to."""
    return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def plain_url(url: str) -> SplitResult:
    """Return the parts of an http or https URL of a host. RefusedUrlError for anything else."""
    with suppress(ValueError):
        parts = urlsplit(url)
        parts.port  # noqa: B018 -- reading it is what validates it
        if (
            len(url) <= LONGEST_URL
            and url.isascii()
            and url.isprintable()
            and not {" ", "\\"} & set(url)
            and parts.scheme in _PORTS
            and parts.hostname
            and "@" not in parts.netloc
        ):
            return parts
    raise RefusedUrlError("The URL is not one of http or https.")


def _read(pool: httpcore.ConnectionPool, url: str, most: int, accept: str) -> Page:
    with pool.stream("GET", url, headers={"Accept": accept}) as response:
        body, is_whole = b"", True
        for part in response.iter_stream():
            body += part
            if len(body) > most:
                body, is_whole = body[:most], False
                break
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in response.headers
        }
        return Page(response.status, headers, body, is_whole)
