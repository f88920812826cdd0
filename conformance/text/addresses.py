"""Client addresses as servers write them down."""

from __future__ import annotations

import ipaddress


def plain_address(text: str) -> str:
    """Return an address alone, of whatever form it is written in; what is none, as it is.

    PostgreSQL's inet may add the length of a prefix, a socket for both families ``::ffff:``.
    """
    try:
        found = ipaddress.ip_interface(text).ip
    except ValueError:
        return text
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def forms_of(address: str) -> list[str]:
    """Return the forms in which an address may be written down."""
    if ":" in address:
        return [address, f"{address}/128"]
    mapped = f"::ffff:{address}"
    return [address, f"{address}/32", mapped, f"{mapped}/128"]
