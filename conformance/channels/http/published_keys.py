"""Finds the public keys that a target, or who issues its tokens there, publishes (RFC 7517)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.wire import Wire

_DOCUMENTS = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
_SETS = ("/.well-known/jwks.json", "/jwks.json", "/jwks", "/oauth/jwks")
_MOST = 16
"""Keys of one set that are looked at."""


def published_keys(wire: Wire, key_id: object = None) -> tuple[dict[str, Any], ...]:
    """Return the keys that the target's own origin publishes, as JWKs, that of an id first.

    Nothing is asked of any other origin.
    """
    for path in _places(wire):
        answer = wire.get(path)
        found = answer.entries.get("keys") if answer.status == HTTPStatus.OK else None
        if isinstance(found, list):
            tables = cast("list[Any]", found)[:_MOST]
            keys: list[dict[str, Any]] = [
                one for one in tables if isinstance(one, dict) and "kty" in one
            ]
            if keys:
                return tuple(sorted(keys, key=lambda one: one.get("kid") != key_id))
    return ()


def _places(wire: Wire) -> Iterator[str]:
    """Yield paths at which a key set may stand, those first that the target's metadata name."""
    own = urlsplit(wire.target.url)
    for path in _DOCUMENTS:
        told = wire.get(path).entries.get("jwks_uri")
        if isinstance(told, str):
            parts = urlsplit(told)
            if (parts.scheme, parts.netloc) == (own.scheme, own.netloc):
                yield parts.path
    yield from _SETS
