"""Which addresses a caller's URL may lead to: those of the public internet alone."""

from __future__ import annotations

import ipaddress
import socket
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from reference_server.core.errors import RefusedUrlError

if TYPE_CHECKING:
    from ipaddress import IPv6Address

_SPECIAL_4 = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24")))
"""Protocol assignments, and relays to 6to4 (RFC 7526), which `ipaddress` takes for public ones."""
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_SPECIAL_6 = tuple(
    map(ipaddress.ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
)
"""Tunnels, protocol assignments and examples (IANA's registry of special-purpose addresses)."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address is of the public internet, and of one host there.

    What holds an IPv4 address is as public as that one (RFC 4291 section 2.5.5.2), or, where it is
    reached by way of a translator or a tunnel, not at all.
    """
    if isinstance(address, IPv4Address):
        is_special = any(address in network for network in _SPECIAL_4)
        return address.is_global and not address.is_multicast and not is_special
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    return address in _GLOBAL_UNICAST and not any(address in network for network in _SPECIAL_6)


def resolved(host: str, port: int) -> list[str]:
    """Return the addresses of a host, in the order in which the system would try them."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def public_address(host: str, port: int) -> str:
    """Return the address to connect to; RefusedUrlError unless all that a host has are public.

    Whoever asks connects to what is returned, and to no second answer of the name server.
    """
    found = resolved(host, port)
    if not found:
        raise RefusedUrlError("The URL's host is not found.")
    if not all(is_public(ipaddress.ip_address(one.partition("%")[0])) for one in found):
        raise RefusedUrlError("The URL leads to no public address.")
    return found[0]
