"""Where a browser may be sent with an answer for a client: https, or this user's own machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from urllib.parse import SplitResult

LONGEST = 2000
"""Characters of a redirect URI."""

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
"""Hosts at which an application on the user's machine listens (RFC 8252 sections 7.3 and 8.3)."""

_CHARACTERS = re.compile(r"[!$&'()*+,\-./0-9:;=?@A-Z_a-z~%\[\]]+")
"""Those of a URI without a fragment (RFC 3986 section 2)."""
_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.?")


class BadRedirectError(ValueError):
    """A redirect URI that nobody is sent to; the message says why, in ASCII."""


def check_redirect(uri: str) -> SplitResult:
    """Return the parts of a URI that may be registered; BadRedirectError for any other.

    https for everybody, http for loopback alone (MCP 2026-07-28, Communication Security), without
    user information, fragment or wildcard (RFC 6749 section 3.1.2, RFC 9700 section 4.1.3).
    """
    if len(uri) > LONGEST or not _CHARACTERS.fullmatch(uri):
        raise BadRedirectError("a redirect URI is a URI of 1 to 2000 characters without fragment")
    try:
        parts = urlsplit(uri)
        parts.port  # noqa: B018 -- reading it is what validates it
    except ValueError:
        raise BadRedirectError("a redirect URI has to have a valid host and port") from None
    host = parts.hostname or ""
    if "@" in parts.netloc or not (_NAME.fullmatch(host) or host == "::1"):
        raise BadRedirectError("a redirect URI has to have a host, and no user information")
    if parts.scheme != "https" and not is_loopback(parts):
        raise BadRedirectError(
            "a redirect URI has to begin with https://, or be http:// to 127.0.0.1, [::1] or "
            "localhost"
        )
    return parts


def is_loopback(parts: SplitResult) -> bool:
    """Tell whether whoever listens is a program on the user's own machine."""
    return parts.scheme == "http" and (parts.hostname or "") in LOOPBACK


def is_registered(uri: str, registered: Iterable[str]) -> bool:
    """Tell whether a URI is one of those registered, to the letter.

    But for the port on loopback, which an application is given anew each time it listens (RFC 8252
    section 7.3).
    """
    known = tuple(registered)
    if uri in known:
        return True
    try:
        wanted = check_redirect(uri)
    except BadRedirectError:
        return False
    if not is_loopback(wanted):
        return False
    return any(_without_port(uri) == _without_port(other) for other in known)


def _without_port(uri: str) -> tuple[str, str, str] | None:
    """Return all of a loopback URI but its port; None for any other URI."""
    parts = urlsplit(uri)
    if not is_loopback(parts):
        return None
    rest = uri.removeprefix("http://").removeprefix(parts.netloc)
    return parts.scheme, parts.netloc.removesuffix(f":{parts.port}"), rest


def host_of(uri: str) -> str:
    """Return what a user is told of where the answer goes: host and port as they stand there."""
    return urlsplit(uri).netloc


def origin_of(uri: str) -> str:
    """Return the origin of a redirect URI."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"


def are_loopback(uris: Iterable[str]) -> bool:
    """Tell whether a client listens nowhere but on its user's machine."""
    return all(is_loopback(urlsplit(uri)) for uri in uris)
