"""Fetches what a caller's URL names, from public addresses and nowhere else.

The check stands where the connection is made, on the address that is connected to: no spelling of a
host, no second answer of a name server and no redirect leads past it.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpcore

from reference_server.core.errors import RefusedUrlError
from reference_server.outbound.addresses import public_address

if TYPE_CHECKING:
    from collections.abc import Iterable
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


class PublicNetwork(httpcore.NetworkBackend):
    """Connects to public addresses; to others only for an origin that the operator allows."""

    def __init__(self, allowed: Iterable[tuple[str, int]] = ()) -> None:
        self._allowed = frozenset(allowed)
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the address that was judged; RefusedUrlError where there is none."""
        address = host if (host, port) in self._allowed else public_address(host, port)
        return self._network.connect_tcp(address, port, timeout, local_address, socket_options)


class Fetcher:
    """Fetches with GET, follows no redirect, and sends nothing of the caller's or the server's.

    ``allowed`` are origins that may be fetched from whatever their address is, as
    ``https://partner.internal:8443``.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = frozenset(map(_place, map(urlsplit, allowed)))

    def fetch(self, url: str) -> Fetched:
        """Return what the URL answered; RefusedUrlError where it may not be or cannot be asked."""
        parts = _plain(url)
        place = _place(parts)
        if place not in self._allowed and place[1] != _PORTS[parts.scheme]:
            raise RefusedUrlError("The URL names a port of its own.")
        network = PublicNetwork(self._allowed)
        try:
            with httpcore.ConnectionPool(network_backend=network, retries=0) as pool:
                return _read(pool, url)
        except (httpcore.TimeoutException, TimeoutError):
            raise RefusedUrlError("The URL did not answer in time.") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
            raise RefusedUrlError("The URL did not answer.") from None


def _place(parts: SplitResult) -> tuple[str, int]:
    return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def _plain(url: str) -> SplitResult:
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


def _read(pool: httpcore.ConnectionPool, url: str) -> Fetched:
    deadline = time.monotonic() + SECONDS
    bounds = dict.fromkeys(("connect", "read", "write", "pool"), SECONDS)
    with pool.stream("GET", url, extensions={"timeout": bounds}) as response:
        size = 0
        for part in response.iter_stream():
            size += len(part)
            if time.monotonic() > deadline:
                raise TimeoutError
            if size >= MOST_BYTES:
                break
        headers = {name.lower(): value for name, value in response.headers}
        kind = headers.get(b"content-type", b"").decode("latin-1")[:100]
        return Fetched(response.status, kind, min(size, MOST_BYTES))
