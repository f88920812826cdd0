"""One address in the spellings by which it slips past whoever looks at names."""

from __future__ import annotations

import ipaddress


def spellings_of(address: str, *, has_ipv6: bool = False) -> dict[str, str]:
    """Return hosts of URLs that all lead to an IPv4 address, by how each is spelt.

    Numbers with fewer than four parts, and in other bases, are read as inet_aton does (WHATWG URL
    section 3.5); an IPv6 address holds an IPv4 one as RFC 4291 section 2.5.5.2 says.
    """
    parts = [int(part) for part in address.split(".")]
    number = int(ipaddress.IPv4Address(address))
    found = {
        "as it is": address,
        "as one number": str(number),
        "in hexadecimal": f"0x{number:08x}",
        "in octal": ".".join(f"0{part:o}" for part in parts),
        "inside an IPv6 address": f"[::ffff:{address}]",
        "inside an IPv6 address, in hexadecimal": f"[::ffff:{number >> 16:x}:{number & 0xFFFF:x}]",
        "behind another host": f"example.com@{address}",
        "percent-encoded": "".join(f"%{ord(letter):02x}" for letter in address),
        "in wide digits": "".join(
            chr(0xFF10 + int(letter)) if letter.isdigit() else letter for letter in address
        ),
    }
    if parts[1] == parts[2] == 0:
        found["shortened"] = f"{parts[0]}.{parts[3]}"
    if address == "127.0.0.1":
        found |= {
            "by name": "localhost",
            "by name, in full": "LocalHost.",
            "as no address at all": "0.0.0.0",  # nosec B104 -- sent, not listened at
        }
        if has_ipv6:
            found |= {"in IPv6": "[::1]", "in IPv6, in full": "[0:0:0:0:0:0:0:1]"}
    return found
