"""What a URL says of where it leads."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Tell whether a host, without brackets and port, is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_loopback_origin(origin: str) -> bool:
    """Tell whether an origin is one of this machine."""
    return is_loopback(urlsplit(origin).hostname or "")


def loopback_origin(value: str) -> str:
    """Return an origin of this machine as it is; ValueError for any other text."""
    origin = plain_origin(value)
    if not is_loopback_origin(origin):
        raise ValueError("it has to be an origin on this machine, as http://127.0.0.1:8080")
    return origin


def plain_origin(value: str) -> str:
    """Return an origin as it is; ValueError for a text that is none in its one spelling.

    An issuer of ours has no path, query or fragment (RFC 8414 section 2), and is spoken to in clear
    on this machine alone.
    """
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError("it is no URL") from None
    host = parts.hostname or ""
    named = f"[{host}]" if ":" in host else host
    if not host or value != f"{parts.scheme}://{named}" + ("" if port is None else f":{port}"):
        raise ValueError("write an origin in small letters and without a path, as https://HOST")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise ValueError("it has to begin with https://, or with http:// on this machine")
    return value
