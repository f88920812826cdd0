"""Asks origins beside the target's that its metadata name: nothing that they say is trusted.

No credential goes there, no redirect is followed, and time and size are bounded as on the wire.
"""

from __future__ import annotations

import ipaddress
import socket
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import httpx

from conformance.channels.http.answer import Answer, Transport
from conformance.channels.http.transport import exchanged, new_client, trust
from conformance.channels.oauth.places import origin, split
from conformance.forge import guise
from conformance.forge.requests import Request
from conformance.text.addresses import plain_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.channels.http.wire import Wire

SECONDS = 5.0
"""The longest one exchange may take with another origin."""
FORM = (("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"))


def may_be_reached(address: str, *, from_within: bool) -> bool:
    """Tell whether an address that a server named may be asked.

    One of the public internet may. Whoever judges a server ``from_within`` a network, or on
    loopback, reaches that network as well; what every machine has for itself, such as the metadata
    service of its cloud at a link-local address, no server can have reason to name.
    """
    try:
        found = ipaddress.ip_address(plain_address(address.partition("%")[0]))
    except ValueError:
        return False
    if found.is_link_local or found.is_multicast or found.is_unspecified:
        return False
    return from_within or found.is_global


class Elsewhere:
    """A line to whatever origin a URL has: the wire where it is the target's own."""

    def __init__(self, wire: Wire) -> None:
        self._own = wire.derived(may_be_silent=True)
        self._target = wire.target
        self._transcript = wire.transcript
        self._client: httpx.Client | None = None

    def close(self) -> None:
        """Close every connection."""
        if self._client is not None:
            self._client.close()

    def get(self, url: str) -> Answer:
        """GET a URL; what is none was never asked."""
        return self.send("GET", url)

    def post_form(self, url: str, form: Mapping[str, str], *more: tuple[str, str]) -> Answer:
        """POST a form, as clients of token endpoints do, with ``more`` headers."""
        return self.send("POST", url, (*FORM, *more), urlencode(form).encode())

    def send(
        self,
        method: str,
        url: str,
        headers: tuple[tuple[str, str], ...] = (("Accept", "application/json"),),
        body: bytes | None = None,
    ) -> Answer:
        """Send one request, and return the answer, or how there came to be none."""
        parts = split(url)
        if parts is None:
            return Answer(Transport.UNREACHABLE, detail="it is no http or https URL")
        if origin(url) == origin(self._target.url):
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            return self._own.send(Request(method, path, headers, body), is_guarded=False)
        request = Request(method, url, (("User-Agent", guise.current().agent), *headers), body)
        try:
            prepared = self._lent.build_request(
                method, url, headers=list(request.headers), content=body, timeout=SECONDS
            )
        except (httpx.InvalidURL, UnicodeError) as error:
            return Answer(Transport.UNREACHABLE, detail=str(error))
        answer = exchanged(self._lent, prepared, SECONDS)
        self._transcript.exchange(request, url, list(request.headers), answer)
        return answer

    @property
    def _lent(self) -> httpx.Client:
        if self._client is None:
            tls = trust(self._target.target.ca_bundle)
            within = self._is_within
            self._client = new_client(
                None, tls, admits=lambda one: may_be_reached(one, from_within=within)
            )
        return self._client

    @cached_property
    def _is_within(self) -> bool:
        """Whether the target is reached by a private address, so that its neighbours may be."""
        if self._target.is_loopback:
            return True
        try:
            found = socket.getaddrinfo(urlsplit(self._target.url).hostname, None)
        except OSError:
            return False
        return any(not may_be_reached(str(one[4][0]), from_within=False) for one in found)
