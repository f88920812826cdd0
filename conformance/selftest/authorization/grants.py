"""What a small authorization server remembers, and goes by; its mistakes have names."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from conformance.selftest.flows import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

CODE_SECONDS = 60
SCOPES = ("notes",)
USERS = {
    "ann@a.example": ("password-of-ann-01", "tenant-a"),
    "bob@b.example": ("bobs-word-02", "tenant-b"),
}
"""Their passwords and tenants."""
LOOPBACKS = {"127.0.0.1", "localhost", "::1"}
_NEVER_SET = threading.Event()


def set_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the variables in which the profile of its users looks for their passwords."""
    for name, (word, _) in USERS.items():
        monkeypatch.setenv(f"PASSWORD_{name.partition('@')[0].upper()}", word)


class Refused(Exception):  # noqa: N818 -- it is an answer
    """A refusal, by its word of RFC 6749."""


@dataclass(frozen=True)
class Request:
    """An authorization request that a user is asked about."""

    client: str
    redirect: str
    challenge: str
    method: str
    resource: str
    state: str
    session: str
    scope: str = ""


@dataclass
class Grant:
    """What a code gave: tokens, and whether it all has ended."""

    request: Request
    tenant: str
    born: float
    is_used: bool = False
    is_over: bool = False


@dataclass
class Memory:
    """All that the server knows. ``mistakes`` are those that it makes."""

    mistakes: frozenset[str]
    offset: Path | None = None
    grace: float = 0.0
    most_clients: int = 10**6
    clients: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    sessions: dict[str, str] = field(default_factory=dict[str, str])
    asked: dict[str, Request] = field(default_factory=dict[str, Request])
    consents: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    codes: dict[str, Grant] = field(default_factory=dict[str, Grant])
    access: dict[str, Grant] = field(default_factory=dict[str, Grant])
    refresh: dict[str, tuple[Grant, float | None]] = field(
        default_factory=dict[str, tuple[Grant, "float | None"]]
    )
    registered: dict[str, int] = field(default_factory=dict[str, int])
    lock: threading.RLock = field(default_factory=threading.RLock)

    def makes(self, mistake: str) -> bool:
        """Tell whether it makes a mistake."""
        return mistake in self.mistakes

    def now(self) -> float:
        """Return the time, by the clock that the judge may move."""
        told = self.offset.read_text() if self.offset is not None and self.offset.exists() else ""
        return time.time() + float(told.strip() or 0)

    def holder(self, token: str, resource: str) -> str | None:
        """Return whose access token it is, if it is good for a resource."""
        grant = self.access.get(token)
        if grant is None or grant.is_over:
            return None
        is_here = grant.request.resource in {resource, ""} or self.makes("resource unread")
        return grant.tenant if is_here else None

    # -- clients -----------------------------------------------------------------------------------

    def register(self, told: Mapping[str, Any], address: str) -> dict[str, Any]:
        """Register a client (RFC 7591); return what it is told."""
        with self.lock:
            self.registered[address] = self.registered.get(address, 0) + 1
            if self.registered[address] > self.most_clients:
                raise Refused("limit")
        redirects = [str(uri) for uri in told.get("redirect_uris") or ()]
        if not redirects or not all(map(self.may_be, redirects)):
            raise Refused("invalid_redirect_uri")
        made: dict[str, Any] = {
            "client_id": secrets.token_hex(12),
            "client_name": str(told.get("client_name") or "somebody"),
            "redirect_uris": redirects,
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            "registration_access_token": secrets.token_urlsafe(24),
        }
        if self.makes("secret for all"):
            made["client_secret"] = secrets.token_urlsafe(24)
        self.clients[str(made["client_id"])] = made
        return made

    def may_be(self, uri: str) -> bool:
        """Tell whether somebody may have a redirect URI."""
        if self.makes("any redirect URI"):
            return True
        try:
            parts = urlsplit(uri)
            host = parts.hostname
        except ValueError:
            return False
        is_local = parts.scheme == "http" and host in LOOPBACKS
        is_safe = parts.scheme == "https" or is_local or self.makes("redirects in clear")
        if self.makes("redirects in clear") and parts.scheme not in {"http", "https"}:
            return False
        is_odd = "@" in parts.netloc or "\\" in uri or not uri.isprintable()
        is_odd = is_odd and not self.makes("odd redirects")
        return is_safe and bool(host) and "#" not in uri and not is_odd

    def has_redirect(self, client: Mapping[str, Any], uri: str) -> bool:
        """Tell whether a client's answers may go to a URI: as it is written, a port aside."""
        known: list[str] = client["redirect_uris"]
        if uri in known:
            return True
        try:
            host = urlsplit(uri).hostname or ""
        except ValueError:
            return False
        mistaken = {
            "redirects by prefix": any(uri.startswith(one) for one in known),
            "redirects by host": host in {urlsplit(one).hostname for one in known},
            "redirects by ending": host.endswith("app.example"),
            "wildcards": any(fnmatchcase(uri, one) for one in known),
            "query unread": uri.partition("?")[0] in known,
        }
        if any(is_one and self.makes(mistake) for mistake, is_one in mistaken.items()):
            return True
        return _but_for_the_port(uri) in {_but_for_the_port(one) for one in known} - {None}

    # -- codes and tokens --------------------------------------------------------------------------

    def code_for(self, request: Request, tenant: str) -> str:
        """Return a new code."""
        code = secrets.token_urlsafe(24)
        self.codes[code] = Grant(request, tenant, self.now())
        return code

    def exchange(self, told: Mapping[str, str]) -> dict[str, Any]:
        """Give tokens for a code (RFC 6749 section 4.1.3)."""
        grant = self.codes.get(told.get("code", ""))
        if grant is None or grant.is_over:
            raise Refused("invalid_grant")
        if grant.is_used and not self.makes("codes twice"):
            grant.is_over = not self.makes("reuse ends nothing")
            raise Refused("invalid_grant")
        asked = grant.request
        wrong = {
            "codes for any client": told.get("client_id") != asked.client,
            "any redirect in exchange": told.get("redirect_uri") != asked.redirect,
            "codes for ever": self.now() > grant.born + CODE_SECONDS,
            "resource at exchange": told.get("resource", asked.resource) != asked.resource,
            "": not self._is_proven(asked, told.get("code_verifier", "")),
        }
        if any(is_so and not self.makes(mistake) for mistake, is_so in wrong.items()):
            raise Refused("invalid_grant")
        if self.makes("codes race"):
            _NEVER_SET.wait(0.02)
        with self.lock:
            if grant.is_used and not self.mistakes & {"codes twice", "codes race"}:
                grant.is_over = not self.makes("reuse ends nothing")
                raise Refused("invalid_grant")
            grant.is_used = True
        if self.makes("resource at exchange"):
            grant.request = replace(asked, resource=told.get("resource", asked.resource))
        return self.tokens(grant)

    def _is_proven(self, asked: Request, verifier: str) -> bool:
        if self.makes("verifier unread") or (not verifier and self.makes("verifier optional")):
            return True
        if not asked.challenge:
            return self.makes("challenge optional")
        if asked.method == "plain":
            return self.makes("plain") and verifier == asked.challenge
        return digest_of(verifier) == asked.challenge

    def tokens(self, grant: Grant) -> dict[str, Any]:
        """Return tokens of a grant."""
        access, refresh = (secrets.token_urlsafe(24) for _ in range(2))
        self.access[access] = grant
        self.refresh[refresh] = (grant, None)
        told = {"access_token": access, "token_type": "Bearer", "expires_in": 3600}
        return {**told, "refresh_token": refresh, "scope": " ".join(SCOPES)}

    def renew(self, told: Mapping[str, str]) -> dict[str, Any]:
        """Give tokens for a refresh token (RFC 6749 section 6)."""
        token = told.get("refresh_token", "")
        found = self.refresh.get(token)
        if self.makes("refresh race"):
            _NEVER_SET.wait(0.02)
        with self.lock:
            if not self.makes("refresh race"):
                found = self.refresh.get(token)
            if found is None or found[0].is_over:
                raise Refused("invalid_grant")
            grant, used = found
            if told.get("client_id") != grant.request.client and not self.makes("anybodys refresh"):
                raise Refused("invalid_grant")
            if self.makes("no rotation"):
                return {**self.tokens(grant), "refresh_token": token}
            is_late = used is not None and self.now() >= used + self.grace
            if is_late and not self.makes("old refresh"):
                grant.is_over = not self.makes("family goes on")
                raise Refused("invalid_grant")
            self.refresh[token] = (grant, used or self.now())
            return self.tokens(grant)


def _but_for_the_port(uri: str) -> str | None:
    """Return a loopback redirect URI without its port (RFC 8252 section 7.3)."""
    try:
        parts = urlsplit(uri)
        parts.port  # noqa: B018 -- what is no port is a ValueError, told only now
    except ValueError:
        return None
    if parts.scheme != "http" or parts.hostname not in LOOPBACKS or "@" in parts.netloc:
        return None
    return parts._replace(netloc=parts.hostname).geturl()
