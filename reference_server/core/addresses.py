"""Whom an address stands for: what one caller can choose of it must not make him many callers."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

OF_ONE_SITE = 64
"""The bits of an IPv6 address that a site cannot choose: it has all the others (RFC 6177)."""


def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a text is; None where it is none.

    An IPv4 client of an IPv6 socket is the IPv4 client that it is.
    """
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


@lru_cache(maxsize=4096)
def site_of(address: str) -> str:
    """Return what counts as one caller: an address of IPv4, a /64 of IPv6.

    What is no address, as a socket without addresses has, is returned as it is.
    """
    found = address_of(address)
    if found is None:
        return address
    if isinstance(found, IPv4Address):
        return str(found)
    return str(ip_network((int(found), OF_ONE_SITE), strict=False))


def wider(site: str) -> list[str]:
    """Return the networks that hold a site, the smallest first, and then what holds all of them.

    Empty where it is no address.
    """
    try:
        network = ip_network(site)
    except ValueError:
        return []
    steps = (24, 16, 0) if network.version == 4 else (48, 32, 0)  # noqa: PLR2004 -- IPv4
    return [str(network.supernet(new_prefix=bits)) for bits in steps]
