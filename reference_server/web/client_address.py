"""Whose address a request counts against: the peer's, or the one that trusted proxies tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reference_server.core.addresses import address_of
from reference_server.core.vocabulary import ProxyHeader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Address, IPv6Address

    from reference_server.core.settings import Settings

    Address = IPv4Address | IPv6Address

_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*(?:"([^"]*)"|([^;"\s]*))\s*(?:;|$)', re.IGNORECASE)
"""The ``for`` parameter of one element of Forwarded (RFC 7239, section 4)."""
_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?|([0-9.]+)(?::\d{1,5})?")


class ClientAddresses:
    """Finds the client's address.

    A header counts only when the peer is a trusted proxy, and of it only what the proxies wrote:
    with one proxy the last entry, with two the last but one. What stands before that is the
    client's own claim. A header that is absent, too short or no address leaves the peer's.
    """

    def __init__(self, settings: Settings) -> None:
        self._trusted = settings.trusted_proxies
        self._hops = settings.proxy_hops
        self._header = settings.proxy_header

    def find(self, peer: str, headers: Sequence[tuple[str, str]]) -> str:
        """Return the address that the request counts against, in its canonical spelling."""
        address = _parsed(peer)
        if address is None:
            return peer  # a socket without addresses
        told = self._told(headers) if self._is_trusted(address) else None
        return str(told or address)

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)

    def _told(self, headers: Sequence[tuple[str, str]]) -> Address | None:
        name = self._header.value.lower()
        # Repeated fields are one list, in order (RFC 9110, section 5.3).
        entries = ",".join(value for key, value in headers if key.lower() == name).split(",")
        if len(entries) < self._hops:
            return None
        entry = entries[-self._hops]
        return _forwarded(entry) if self._header is ProxyHeader.FORWARDED else _parsed(entry)


def _forwarded(element: str) -> Address | None:
    found = _FOR.search(element)
    return None if found is None else _parsed(found[1] or found[2] or "")


def _parsed(text: str) -> Address | None:
    """Return the address, with or without a port."""
    text = text.strip()
    with_port = _WITH_PORT.fullmatch(text)
    if with_port is not None:
        text = with_port[1] or with_port[2]
    return address_of(text)
