"""Defects of registration: redirect URIs that nobody may have, secrets, and no limit."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from reference_server.core.text import base64url
from reference_server.limits.limiter import MovingWindowLimiter
from reference_server.mutants.bending import Beside, mutant
from reference_server.mutants.jwt.verifying import bytes_of
from reference_server.mutants.oauth.authorizing import (
    REGISTER,
    Asked,
    at_the_door,
    authorized,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.mutants.benign.edge import Reply
    from reference_server.oauth.clients import Client
    from reference_server.parts import Parts

_UNREAD = "https://unread.example/"
"""Before a URI that is kept as it came, and not looked at."""
_MANY = 10**6


def _covered(uri: str) -> str:
    return _UNREAD + base64url(uri.encode())


def _uncovered(uri: str) -> str:
    is_covered = uri.startswith(_UNREAD)
    return bytes_of(uri.removeprefix(_UNREAD)).decode() if is_covered else uri


class _Uncovering(Beside):
    """Knows clients by the redirect URIs that they came with."""

    def find(self, client_id: str) -> Client | None:
        found = self.real.find(client_id)
        if found is None:
            return None
        return replace(found, redirect_uris=tuple(map(_uncovered, found.redirect_uris)))


def _taking(is_taken: Callable[[str], bool]) -> Callable[[Parts], Parts]:
    """Return a change of parts that looks into no redirect URI of a kind."""

    def asked(request: Asked) -> None:
        told = _json(request.body) if request.path == REGISTER else {}
        if isinstance(told.get("redirect_uris"), list):
            uris = [str(uri) for uri in told["redirect_uris"]]
            told["redirect_uris"] = [_covered(uri) if is_taken(uri) else uri for uri in uris]
            request.body = json.dumps(told).encode()

    def answered(reply: Reply, request: Asked) -> Reply:
        told = _json(reply.body) if request.path == REGISTER else {}
        if "redirect_uris" not in told:
            return reply
        told["redirect_uris"] = [_uncovered(uri) for uri in told["redirect_uris"]]
        return replace(reply, body=json.dumps(told).encode())

    door = at_the_door(asked, answered)
    clients = authorized(clients=lambda real, _: _Uncovering(real.clients))
    return lambda parts: door(clients(parts))


def _json(body: bytes) -> dict[str, Any]:
    try:
        found: Any = json.loads(body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _with_secret(reply: Reply, request: Asked) -> Reply:
    if request.path != REGISTER or reply.status != 201:  # noqa: PLR2004 -- HTTP Created
        return reply
    told = {**_json(reply.body), "client_secret": "0123456789abcdef0123456789abcdef"}
    return replace(reply, body=json.dumps(told).encode())


def _is_in_clear(uri: str) -> bool:
    return uri.startswith("http://") and not uri.startswith("http://127.0.0.1:")


MUTANTS = (
    mutant(
        "redirects-in-clear-register",
        "OAUTH-02",
        "A client may register a redirect URI of http at any host.",
        parts=_taking(_is_in_clear),
    ),
    mutant(
        "redirects-of-any-scheme-register",
        "OAUTH-02",
        "A client may register a redirect URI that is a script, a page or a file.",
        parts=_taking(lambda uri: ":" in uri and not uri.startswith(("http:", "https:"))),
    ),
    mutant(
        "redirects-with-fragments-register",
        "OAUTH-02",
        "A client may register a redirect URI with a fragment.",
        parts=_taking(lambda uri: "#" in uri),
    ),
    mutant(
        "relative-redirects-register",
        "OAUTH-02",
        "A client may register a redirect URI that is a path.",
        parts=_taking(lambda uri: uri.startswith("/")),
    ),
    mutant(
        "redirects-of-two-hosts-register",
        "OAUTH-02",
        "A client may register a redirect URI with user information or a backslash.",
        parts=_taking(lambda uri: "@" in uri),
    ),
    mutant(
        "public-clients-are-given-secrets",
        "OAUTH-02",
        "Whoever registers is given a secret, also where the method is none.",
        parts=at_the_door(answered=_with_secret),
    ),
    mutant(
        "registrations-without-limit",
        "OAUTH-02",
        "One address may register as many clients as it likes.",
        parts=authorized(
            registrations=lambda _, parts: MovingWindowLimiter(parts.clock, _MANY, 3600)
        ),
    ),
)
