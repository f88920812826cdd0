"""Which resource a client means (RFC 8707)."""

from __future__ import annotations

from urllib.parse import urlsplit


def is_resource(asked: str, resource: str) -> bool:
    """Tell whether a URL is that of a resource.

    Scheme and host may be in capitals (MCP 2026-07-28, Canonical Server URI); all else is compared
    to the letter.
    """
    try:
        parts = urlsplit(asked)
    except ValueError:
        return False
    before = f"{parts.scheme}://{parts.netloc}"
    return before.lower() + asked[len(before) :] == resource
