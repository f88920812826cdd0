"""A server that connects platforms by redirects, forms and queries, and ways to do it badly."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from http import HTTPStatus
from typing import ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

from conformance.selftest.targets import Good

PLATFORM = "https://platform.example/authorize"
REDIRECTED = """
[oauth]
start = { method = "GET", path = "/connect/{platform}" }
finish = { method = "GET", path = "/connect/{platform}/callback" }
platforms = ["one", "two"]
"""
POSTED = """
[oauth]
start = { path = "/connect/{platform}", body = { scopes = ["read"] } }
finish = { path = "/connect/{platform}/callback", form = { code = "{code}", state = "{state}" } }
platforms = ["one", "two"]
"""


def digest_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class Connects(Good):
    """Begins with a redirect, or an authorization URL in JSON; a state is good once."""

    lock: ClassVar = threading.Lock()
    states: ClassVar[dict[str, tuple[str | None, str]]] = {}
    keeps: ClassVar[bool] = False

    def answer(self) -> None:
        """Serve flows, and everything else as usual."""
        if not self.path.startswith("/connect/"):
            super().answer()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        parts = urlsplit(self.path)
        platform = parts.path.split("/")[2]
        if self.tenant() is None:
            self.refuse()
        elif not parts.path.endswith("/callback"):
            self.begin(platform)
        else:
            told = {**parse_qs(parts.query), **parse_qs(body)}
            is_whole = "code" in told and "state" in told
            self.end(is_done=is_whole and self.take(told["state"][0], platform))

    def begin(self, platform: str) -> None:
        """Remember a state, and send its caller to the platform."""
        state = secrets.token_urlsafe(32)
        self.states[state] = (self.tenant(), platform)
        query = {"response_type": "code", "client_id": "us", "state": state, **self.proof()}
        url = f"{PLATFORM}?{urlencode(query)}"
        if self.command == "GET":
            self.reply(302, {}, {"Location": url})
        else:
            self.reply(201, {"data": {"links": [{"href": url}]}})

    def proof(self) -> dict[str, str]:
        """Return what the URL says of a verifier."""
        challenge = digest_of(secrets.token_urlsafe(32))
        return {"code_challenge": challenge, "code_challenge_method": "S256"}

    def take(self, state: str, platform: str) -> bool:
        """Tell whether a state is good, and use it up."""
        with self.lock:
            is_own = self.states.get(state) == (self.tenant(), platform)
            if is_own and not self.keeps:
                del self.states[state]
            return is_own

    def end(self, *, is_done: bool) -> None:
        """Tell how it went: by where a redirect leads, or by the status."""
        if self.command == "GET":
            to = "/settings?connected=yes" if is_done else "/settings?problem=state"
            self.reply(302, {}, {"Location": to})
        else:
            self.reply(HTTPStatus.OK if is_done else HTTPStatus.BAD_REQUEST, {})

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer


class KeepsStates(Connects):
    """Leaves a state where it is."""

    keeps = True


class AnyTenants(Connects):
    """Asks for the platform alone."""

    def take(self, state: str, platform: str) -> bool:
        """Take it, whoever brings it."""
        with self.lock:
            return (self.states.pop(state, None) or ("", ""))[1] == platform


class LooksAtNoState(Connects):
    """Finishes whatever comes back."""

    def take(self, state: str, platform: str) -> bool:
        """Take anything."""
        del state, platform
        return True


class Plain(Connects):
    """Sends the verifier itself, and no word of a method, which then is plain."""

    def proof(self) -> dict[str, str]:
        """Return the verifier."""
        return {"code_challenge": secrets.token_urlsafe(32)}


class WithoutProof(Connects):
    """Knows no PKCE."""

    def proof(self) -> dict[str, str]:
        """Return nothing."""
        return {}


class InACookie(Connects):
    """Binds a state to the browser that began the flow, as RFC 6749 section 10.12 has it."""

    def reply(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        """Set the cookie that goes with the state."""
        more = dict(headers or {})
        if more.get("Location", "").startswith(PLATFORM):
            (state,) = parse_qs(urlsplit(more["Location"]).query)["state"]
            more["Set-Cookie"] = f"flow={digest_of(state)}; Path=/; HttpOnly"
        super().reply(status, body, more)

    def take(self, state: str, platform: str) -> bool:
        """Refuse whoever has no such cookie."""
        is_own = self.headers.get("Cookie") == f"flow={digest_of(state)}"
        return is_own and super().take(state, platform)
