"""The URLs of the authorization server, and what each asks of its caller."""

from __future__ import annotations

from typing import Final

from reference_server.context import MCP_PATH
from reference_server.core.vocabulary import Access

AUTHORIZE: Final = "/oauth/authorize"
SIGN_IN: Final = "/oauth/sign-in"
TOKEN: Final = "/oauth/token"  # noqa: S105 -- a path
REVOKE: Final = "/oauth/revoke"
REGISTER: Final = "/oauth/register"
RESOURCE_METADATA: Final = "/.well-known/oauth-protected-resource"
"""With the path of the resource behind it; the root's is the same (RFC 9728 section 3.1)."""
SERVER_METADATA: Final = "/.well-known/oauth-authorization-server"

_READING = frozenset({"GET", "HEAD"})
_DOCUMENTS = frozenset({RESOURCE_METADATA, RESOURCE_METADATA + MCP_PATH, SERVER_METADATA})
_OF_PROGRAMS = frozenset({TOKEN, REVOKE, REGISTER})


def oauth_access_of(method: str, path: str) -> Access | None:
    """Return what a URL of the authorization server asks for; None for any other URL or method."""
    if path in _DOCUMENTS and method in _READING:
        return Access.PUBLIC
    if path in _OF_PROGRAMS and method == "POST":
        return Access.PUBLIC
    if registered_in(path) is not None and method in {"GET", "DELETE"}:
        return Access.PUBLIC
    if path == AUTHORIZE and method in {"GET", "POST"}:
        return Access.BROWSER
    if path == SIGN_IN and method == "POST":
        return Access.BROWSER
    return None


def is_counted(path: str) -> bool:
    """Tell whether requests of a URL are counted by client and address together."""
    return path in {AUTHORIZE, SIGN_IN} or is_for_programs(path)


def is_for_programs(path: str) -> bool:
    """Tell whether a URL is a client's own to ask, before it has a credential for the rest.

    The official Python SDK names no agent while it does.
    """
    return path in _OF_PROGRAMS or registered_in(path) is not None


def registered_in(path: str) -> str | None:
    """Return the client that a URL is the registration of (RFC 7592); None for any other URL."""
    before, _, client_id = path.rpartition("/")
    return client_id if before == REGISTER and client_id else None
