"""Which target a run was of: the same words on each run of it, others for any other target.

Documents of several runs meet in one place: alerts in code scanning, assessments in an auditor's
tool, two records in a comparison. There a target is its name and its address.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from conformance.record.run import Header

# What the judge calls a target that no profile names.
_UNNAMED = "target"
_SLUG = re.compile(r"[^a-z0-9]+")
_SLUG_LENGTH = 40
_DIGEST = 16  # hexadecimal digits: enough that no two targets of one place meet by chance


def target_key(header: Header) -> str:
    """Return the target's name and address.

    On loopback the port of a target that a profile names does not count: a server that is started
    for a run listens on whatever port is free. It does count where ``--target`` gave the address,
    for one profile may serve several, and for a target without a name, which has nothing else.
    """
    return f"{header.target_name}\n{_address(header)}"


def target_slug(header: Header) -> str:
    """Return a short name for the target, of ``a-z``, ``0-9`` and ``-``; unlike any other's."""
    readable = _SLUG.sub("-", header.target_name.lower())[:_SLUG_LENGTH].strip("-")
    return f"{readable or _UNNAMED}-{digest(target_key(header))}"


def digest(*parts: str) -> str:
    """Return 16 hexadecimal digits that depend on every part and on where one part ends."""
    found = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        found.update(f"{len(encoded)}:".encode() + encoded)
    return found.hexdigest()[:_DIGEST]


def _address(header: Header) -> str:
    url = header.target_url
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:  # no address at all; it still is the same on each run
        return url
    is_given = any(word.partition("=")[0] == "--target" for word in header.command)
    if not is_given and header.target_name != _UNNAMED and _is_loopback(host):
        return f"{parts.scheme}://loopback{parts.path}"
    return url


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
