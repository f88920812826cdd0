"""Where metadata stand: the URLs that the protocol has its clients try, in their order.

MCP 2026-07-28, Authorization Server Discovery; RFC 9728 section 3.1, RFC 8414 sections 3.1 and 5.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

PROTECTED_RESOURCE = "/.well-known/oauth-protected-resource"
"""Where a resource's metadata stand (RFC 9728 section 3)."""
AUTHORIZATION_SERVER = "/.well-known/oauth-authorization-server"
"""Where an authorization server's stand (RFC 8414 section 3)."""
OPENID = "/.well-known/openid-configuration"
"""Where an OpenID provider's stand (OpenID Connect Discovery 1.0 section 4)."""
_PORTS = {"http": 80, "https": 443}


def split(url: object) -> SplitResult | None:
    """Return the parts of an absolute HTTP URL; None for whatever is no such URL."""
    if not isinstance(url, str) or not all("!" <= letter <= "~" for letter in url):
        return None
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 -- what is no port is a ValueError, told only now
    except ValueError:
        return None
    return parts if parts.scheme in _PORTS and parts.hostname else None


def origin(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of a URL, as they are compared; None for what is no URL."""
    if (parts := split(url)) is None:
        return None
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS[parts.scheme]


def resource_places(url: str) -> tuple[str, ...]:
    """Return the URLs of a resource's metadata: with its path inserted, and at the root."""
    parts = urlsplit(url)
    base = f"{parts.scheme}://{parts.netloc}{PROTECTED_RESOURCE}"
    return tuple(dict.fromkeys((base + parts.path.rstrip("/"), base)))


def server_places(issuer: str) -> tuple[str, ...]:
    """Return the URLs of an authorization server's metadata: three where the issuer has a path."""
    parts = urlsplit(issuer)
    base, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    places = (
        f"{base}{AUTHORIZATION_SERVER}{path}",
        f"{base}{OPENID}{path}",
        f"{base}{path}{OPENID}",
    )
    return tuple(dict.fromkeys(places))


def is_named_by(resource: str, url: str) -> bool:
    """Tell whether a resource identifier is one that a client of this URL takes for it.

    That is the URL itself or one above it, as clients of MCP compare them: a trailing slash aside.
    """
    own, told = split(url), split(resource)
    if own is None or told is None or origin(url) != origin(resource):
        return False
    return f"{own.path.rstrip('/')}/".startswith(f"{told.path.rstrip('/')}/")


def is_same(one: str, other: str) -> bool:
    """Tell whether two URLs are one identifier: a slash at the end, and case of the host, aside."""
    first, second = split(one), split(other)
    if first is None or second is None or origin(one) != origin(other):
        return False
    paths = {parts.path.rstrip("/") for parts in (first, second)}
    return len(paths) == 1 and first.query == second.query


def inserted_into(place: str) -> str | None:
    """Return the resource of whose URL a place was made; None for a place of another form.

    The trailing slash that it may have had is not known.
    """
    parts = split(place)
    if parts is None or parts.query or not f"{parts.path}/".startswith(f"{PROTECTED_RESOURCE}/"):
        return None
    return f"{parts.scheme}://{parts.netloc}{parts.path.removeprefix(PROTECTED_RESOURCE)}"


def is_loopback(url: str) -> bool:
    """Tell whether a URL's host is this machine's loopback interface, by its name or number."""
    parts = split(url)
    host = (parts.hostname or "") if parts else ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_safe(url: object, *, may_be_local: bool) -> bool:
    """Tell whether a URL is an https one, or, on loopback, an http one where that may be."""
    parts = split(url)
    if parts is None or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (may_be_local and is_loopback(str(url)))
