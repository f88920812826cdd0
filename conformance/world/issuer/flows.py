"""Authorization codes and what they are exchanged for (RFC 6749 section 4.1, RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from conformance.text.tokens import encoded
from conformance.world.issuer.minting import Recipe, changed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from conformance.world.issuer.keys import Keys

CODE_SECONDS = 60
TOKEN_SECONDS = 3600
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
ID_TOKEN, ACCESS_TOKEN = "JWT", "at+jwt"


class RefusedError(Exception):
    """A request is not one that this issuer answers. ``code`` is RFC 6749's word for why."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True)
class Client:
    """A registered client; without a secret it is a public one.

    A redirect URI on loopback counts with any port (RFC 8252 section 7.3).
    """

    redirect_uris: tuple[str, ...]
    secret: str | None = field(default=None, repr=False)

    def redirects_to(self, uri: str) -> bool:
        """Tell whether codes may be sent there."""
        return _without_port(uri) in map(_without_port, self.redirect_uris)


def _without_port(uri: str) -> tuple[str, ...]:
    parts = urlsplit(uri)
    host = parts.hostname or ""
    return (parts.scheme, host if host in _LOOPBACK else parts.netloc, parts.path, parts.query)


@dataclass(frozen=True)
class Setup:
    """Who the issuer is, whom it knows, and for whom its access tokens are.

    ``clock`` is a file that holds the seconds by which its time is ahead, as a target's may.
    """

    url: str
    users: Mapping[str, Mapping[str, Any]]
    clients: Mapping[str, Client]
    audience: str
    clock: Path | None = None

    def now(self) -> float:
        """Return its time, in seconds since 1970."""
        ahead = "0"
        if self.clock is not None:
            with suppress(FileNotFoundError):
                ahead = self.clock.read_text(encoding="utf-8").strip()
        return time.time() + float(ahead or 0)

    def user(self, name: str) -> Mapping[str, Any]:
        """Return a user's claims; ValueError for one that nobody knows."""
        if name not in self.users:
            raise ValueError(f"there is no user {name}")
        return self.users[name]


@dataclass(frozen=True)
class Login:
    """Somebody who has logged in, and what is different about this time."""

    claims: Mapping[str, Any]
    token: Recipe = field(default_factory=Recipe)
    answer: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Members of the authorization response that are other ones, or absent where they are null."""


@dataclass(frozen=True)
class Grant:
    """What a code or a refresh token stands for."""

    client: str
    login: Login
    scope: str
    resource: str
    redirect_uri: str
    challenge: str = ""
    nonce: str | None = None
    ends: float = 0.0
    began: int = 0


class Flows:
    """The flows of one issuer."""

    def __init__(self, setup: Setup, keys: Keys) -> None:
        self.setup, self.keys = setup, keys
        self._lock = threading.Lock()  # bounded: a grant is kept, or taken
        self._codes: dict[str, Grant] = {}
        self._refresh: dict[str, Grant] = {}
        self._users: dict[str, Mapping[str, Any]] = {}

    def check(self, asked: Mapping[str, str]) -> str:
        """Return where an authorization request has its answer sent; RefusedError for no such."""
        client = self.setup.clients.get(asked.get("client_id", ""))
        uri = asked.get("redirect_uri", "")
        if client is None or not client.redirects_to(uri):
            raise RefusedError("invalid_request", "unknown client_id or redirect_uri")
        return uri

    def answered(self, asked: Mapping[str, str], login: Login) -> str:
        """Return the URL to which who has logged in is sent; RefusedError as ``check``."""
        uri = self.check(asked)
        answer: dict[str, Any] = {"state": asked.get("state"), "iss": self.setup.url}
        if asked.get("response_type") != "code" or asked.get("code_challenge_method") != "S256":
            answer |= {"error": "invalid_request"}
        else:
            answer |= {"code": self._issued(asked, login)}
        return f"{uri}{'&' if '?' in uri else '?'}{urlencode(changed(answer, login.answer))}"

    def _issued(self, asked: Mapping[str, str], login: Login) -> str:
        code, now = secrets.token_urlsafe(32), self.setup.now()
        grant = Grant(
            client=asked["client_id"],
            login=login,
            scope=asked.get("scope", ""),
            resource=asked.get("resource") or self.setup.audience,
            redirect_uri=asked["redirect_uri"],
            challenge=asked.get("code_challenge", ""),
            nonce=asked.get("nonce"),
            ends=now + CODE_SECONDS,
            began=int(now),
        )
        with self._lock:
            self._codes[code] = grant
        return code

    def exchanged(self, form: Mapping[str, str], authorization: str | None) -> dict[str, Any]:
        """Return the token endpoint's answer; RefusedError for what is no good grant."""
        client = self._client(form, authorization)
        kind = form.get("grant_type")
        if kind == "authorization_code":
            with self._lock:
                grant = self._codes.pop(form.get("code", ""), None)
            if grant is None or grant.ends < self.setup.now() or not _matches(grant, form):
                raise RefusedError("invalid_grant", "the code is not good")
        elif kind == "refresh_token":
            with self._lock:
                grant = self._refresh.pop(form.get("refresh_token", ""), None)
        else:
            raise RefusedError("unsupported_grant_type", "a code or a refresh token is exchanged")
        if grant is None or grant.client != client:
            raise RefusedError("invalid_grant", "the grant is not this client's")
        return self._told(grant)

    def _client(self, form: Mapping[str, str], authorization: str | None) -> str:
        name, secret = form.get("client_id", ""), form.get("client_secret")
        if (authorization or "").startswith("Basic "):
            words = base64.b64decode((authorization or "")[6:]).decode("utf-8", "replace")
            name, _, secret = (unquote_plus(one) for one in words.partition(":"))
        client = self.setup.clients.get(name)
        if client is None or not _is_same(client.secret or "", secret or ""):
            raise RefusedError("invalid_client", "unknown client, or not its secret")
        return name

    def _told(self, grant: Grant) -> dict[str, Any]:
        refresh, user = secrets.token_urlsafe(32), grant.login.claims
        access = self.access_token(user, grant.client, grant.scope, grant.resource)
        with self._lock:
            self._refresh[refresh] = grant
            self._users[access] = user
        told: dict[str, Any] = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "refresh_token": refresh,
            "scope": grant.scope,
        }
        if "openid" in grant.scope.split():
            told["id_token"] = self._id_token(grant)
        return told

    def _id_token(self, grant: Grant) -> str:
        now = int(self.setup.now())
        claims = {
            **grant.login.claims,
            "iss": self.setup.url,
            "aud": grant.client,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "auth_time": grant.began,
            **({} if grant.nonce is None else {"nonce": grant.nonce}),
        }
        return self.keys.signed(claims, ID_TOKEN, grant.login.token)

    def user_of(self, access_token: str) -> Mapping[str, Any] | None:
        """Return the claims of whom an access token was issued to; None for no such token."""
        return self._users.get(access_token)

    def access_token(
        self,
        user: Mapping[str, Any],
        client: str,
        scope: str,
        audience: str,
        recipe: Recipe | None = None,
    ) -> str:
        """Return an access token in the form of RFC 9068, with the user's claims in it."""
        now = int(self.setup.now())
        claims = {
            **user,
            "iss": self.setup.url,
            "aud": audience,
            "client_id": client,
            "scope": scope,
            "iat": now,
            "nbf": now,
            "exp": now + TOKEN_SECONDS,
            "jti": secrets.token_hex(16),
        }
        return self.keys.signed(claims, ACCESS_TOKEN, recipe or Recipe())


def _matches(grant: Grant, form: Mapping[str, str]) -> bool:
    verifier = form.get("code_verifier", "").encode()
    challenge = encoded(hashlib.sha256(verifier).digest())
    return _is_same(challenge, grant.challenge) and form.get("redirect_uri") == grant.redirect_uri


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def fields_of(query: str) -> dict[str, str]:
    """Return the fields of a query or a form; of those that come twice, the last."""
    return dict(parse_qsl(query, keep_blank_values=True))
