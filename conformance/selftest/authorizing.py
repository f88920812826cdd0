"""Servers that offer OAuth: a resource with its metadata, and an authorization server beside it.

Both are one program on one port. What an authorization server answers to strangers is as RFC 6749,
7009, 7591 and 7662 have it; ``MISTAKES`` are servers with one mistake each.
"""

from __future__ import annotations

import json
from base64 import b64encode
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast
from urllib.parse import parse_qs, urlencode, urlsplit

from conformance.selftest.flows import digest_of
from conformance.selftest.targets import KEYS, Good

if TYPE_CHECKING:
    from collections.abc import Callable

RESOURCE, SERVER = (
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-authorization-server",
)
OPENID = "/.well-known/openid-configuration"
KEY_SET = {"keys": [{"kty": "RSA", "kid": "one", "n": "AQAB", "e": "AQAB"}]}


class Authorizing(Good):
    """Serves MCP at /mcp for two bearer tokens, and says where others come from."""

    realm: ClassVar[str] = ""
    """The path of the issuer."""

    @property
    def origin(self) -> str:
        """The URL at which it is reached."""
        return f"http://{self.headers['Host']}"

    @property
    def issuer(self) -> str:
        """The identifier of the authorization server."""
        return self.origin + self.realm

    def tenant(self) -> str | None:
        """Return whose token was presented."""
        presented = self.headers.get_all("Authorization") or [""]
        scheme, _, token = presented[0].partition(" ")
        is_one = len(presented) == 1 and scheme.lower() == "bearer"
        return KEYS.get(token) if is_one else None

    # -- what it tells of itself -------------------------------------------------------------------

    def resource(self) -> dict[str, Any]:
        """Return the metadata of the resource."""
        return {
            "resource": f"{self.origin}/mcp",
            "authorization_servers": [self.issuer],
            "scopes_supported": ["notes:read", "notes:write"],
            "bearer_methods_supported": ["header"],
        }

    def server_metadata(self) -> dict[str, Any]:
        """Return the metadata of the authorization server."""
        paths = {"authorization": "authorize", "token": "token", "registration": "register"}
        paths |= {"revocation": "revoke", "introspection": "introspect"}
        return {
            "issuer": self.issuer,
            **{f"{name}_endpoint": f"{self.issuer}/{path}" for name, path in paths.items()},
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
            "authorization_response_iss_parameter_supported": True,
        }

    def challenge(self) -> str:
        """Return the challenge of a refusal."""
        error = 'error="invalid_token", ' if "Authorization" in self.headers else ""
        return f'Bearer {error}resource_metadata="{self.origin}{RESOURCE}/mcp"'

    def documents(self) -> dict[str, Callable[[], dict[str, Any]]]:
        """Return what it publishes, by path."""
        return {f"{RESOURCE}/mcp": self.resource, f"{SERVER}{self.realm}": self.server_metadata}

    # -- how it answers ----------------------------------------------------------------------------

    def refuse(self) -> None:
        """Send the challenge."""
        self.reply(401, self.refusal, {"WWW-Authenticate": self.challenge()})

    def answer(self) -> None:
        """Answer by the path."""
        path = urlsplit(self.path).path
        if path == "/mcp":
            super().answer()
            return
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if (document := self.documents().get(path)) is not None:
            self.publish(document())
            return
        told = self.endpoints().get(path)
        if told is None:
            self.reply(404, {"detail": "Not Found"})
        else:
            self.reply(*told(self.command, sent))

    def publish(self, document: dict[str, Any]) -> None:
        """Send a document."""
        self.reply(200, document)

    def endpoints(self) -> dict[str, Callable[[str, bytes], tuple[int, Any]]]:
        """Return what answers at the paths that the metadata name, for the usual entries."""
        kinds: dict[str, Callable[[str, bytes], tuple[int, Any]]] = {
            "authorization_endpoint": authorize,
            "token_endpoint": token,
            "registration_endpoint": register,
            "revocation_endpoint": revoke,
            "introspection_endpoint": introspect,
            "pushed_authorization_request_endpoint": token,
            "jwks_uri": keys,
        }
        told = self.server_metadata()
        named = {name: str(told[name]) for name in kinds if name in told}
        return {
            urlsplit(url).path: kinds[name]
            for name, url in named.items()
            if url.startswith(self.origin)
        }

    do_GET = do_POST = do_PUT = do_DELETE = answer


def authorize(method: str, sent: bytes) -> tuple[int, Any]:
    """Tell the user that the request is none (RFC 6749 section 4.1.2.1)."""
    del method, sent
    return 400, {"error": "invalid_request"}


def token(method: str, sent: bytes) -> tuple[int, Any]:
    """Refuse an unknown client (RFC 6749 section 5.2)."""
    if method != "POST":
        return 405, {"error": "invalid_request"}
    known = parse_qs(sent.decode()).get("client_id")
    return (401, {"error": "invalid_client"}) if known else (400, {"error": "invalid_request"})


def register(method: str, sent: bytes) -> tuple[int, Any]:
    """Refuse what is no metadata (RFC 7591 section 3.2.2)."""
    if method != "POST":
        return 405, {"error": "invalid_request"}
    try:
        json.loads(sent)
    except ValueError:
        return 400, {"error": "invalid_client_metadata"}
    return HTTPStatus.CREATED, {"client_id": "new"}


def revoke(method: str, sent: bytes) -> tuple[int, Any]:
    """Say that a token is good no more, whoever asks (RFC 7009 section 2.2)."""
    del sent
    return (200, {}) if method == "POST" else (405, {})


def introspect(method: str, sent: bytes) -> tuple[int, Any]:
    """Refuse whoever is no client (RFC 7662 section 2.3)."""
    del sent
    return (401, {"error": "invalid_client"}) if method == "POST" else (405, {})


def keys(method: str, sent: bytes) -> tuple[int, Any]:
    """Return the key set."""
    del method, sent
    return 200, KEY_SET


class Granting(Authorizing):
    """Gives tokens to one client: by its secret, and for refresh tokens, which it rotates.

    ``life`` is that of a token in seconds. A refresh token that is used twice ends all.
    """

    life: ClassVar[int] = 3600
    known: ClassVar[dict[str, str]] = {}
    """Whose each access token is."""
    refreshing: ClassVar[dict[str, str]] = {}
    """Whose each refresh token is that is good still."""
    asked: ClassVar[list[dict[str, str]]] = []
    """What the token endpoint was asked, and as whom."""
    client: ClassVar[tuple[str, str]] = ("judge", "secret-of-the-judge-0123456789")

    @classmethod
    def anew(cls, **refreshing: str) -> type[Self]:
        """Return a server of its own that has given some refresh tokens, each to a tenant."""
        own: dict[str, Any] = {"known": {}, "refreshing": refreshing, "asked": []}
        return cast("type[Self]", type(cls.__name__, (cls,), own))

    def tenant(self) -> str | None:
        """Return whose token was presented."""
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return self.known.get(token if scheme.lower() == "bearer" else "")

    def endpoints(self) -> dict[str, Callable[[str, bytes], tuple[int, Any]]]:
        """Have a token endpoint that gives something."""
        return super().endpoints() | {f"{self.realm}/token": self.granted}

    def granted(self, method: str, sent: bytes) -> tuple[int, Any]:
        """Give a token for a grant."""
        form = {name: values[0] for name, values in parse_qs(sent.decode()).items()}
        as_whom = self.headers.get("Authorization", "")
        self.asked.append({**form, "as": as_whom, "method": method})
        proof = b64encode(":".join(self.client).encode()).decode()
        if as_whom != f"Basic {proof}" and form.get("client_id") != self.client[0]:
            return 401, {"error": "invalid_client"}
        if form.get("grant_type") == "client_credentials":
            return 200, self.issued("tenant-a")
        tenant = self.refreshing.pop(form.get("refresh_token", ""), None)
        if tenant is None:
            self.refreshing.clear()
            return 400, {"error": "invalid_grant", "error_description": "the token was used"}
        again = f"refresh-{tenant}-{len(self.asked)}-0123456789"
        self.refreshing[again] = tenant
        return 200, {**self.issued(tenant), "refresh_token": again}

    def issued(self, tenant: str) -> dict[str, Any]:
        """Return a new access token of a tenant's."""
        token = f"access-{tenant}-{len(self.known)}-0123456789"
        self.known[token] = tenant
        return {"access_token": token, "token_type": "Bearer", "expires_in": self.life}


class LoggingIn(Granting):
    """Has one user, of tenant A's, who consents to all that he is asked for.

    ``clients`` are those that registered themselves, with the token that manages each.
    """

    clients: ClassVar[dict[str, str]] = {}
    codes: ClassVar[dict[str, dict[str, str]]] = {}
    answered: ClassVar[dict[str, str]] = {}
    """What authorization responses say instead of what they should."""

    @classmethod
    def anew(cls, **refreshing: str) -> type[Self]:
        """Return a server of its own."""
        made = super().anew(**refreshing)
        made.clients, made.codes = {}, {}
        return made

    def endpoints(self) -> dict[str, Callable[[str, bytes], Any]]:
        """Have users and clients come."""
        managed = {f"/register/{name}": self.delete for name in self.clients}
        return super().endpoints() | {
            "/authorize": self.consented,
            "/register": self.registered,
            **managed,
        }

    def registered(self, method: str, sent: bytes) -> Any:
        """Register a client (RFC 7591)."""
        del method
        name = f"client-{len(self.clients)}"
        self.clients[name] = f"management-of-{name}-0123456789"
        told = {
            **json.loads(sent),
            "client_id": name,
            "registration_client_uri": f"{self.origin}/register/{name}",
            "registration_access_token": self.clients[name],
        }
        return HTTPStatus.CREATED, told

    def delete(self, method: str, sent: bytes) -> Any:
        """Delete one (RFC 7592)."""
        del sent
        name = self.path.rpartition("/")[2]
        is_its = self.headers.get("Authorization") == f"Bearer {self.clients[name]}"
        if method != "DELETE" or not is_its:
            return 401, {}
        del self.clients[name]
        return HTTPStatus.NO_CONTENT, {}

    def consented(self, method: str, sent: bytes) -> Any:
        """Send the user back with a code."""
        del method, sent
        query = {name: one[0] for name, one in parse_qs(urlsplit(self.path).query).items()}
        if query.get("client_id") not in self.clients:
            return 400, {"error": "invalid_request"}
        code = f"code-{len(self.codes)}-0123456789"
        self.codes[code] = query
        told = {"code": code, "state": query["state"], "iss": self.issuer, **self.answered}
        back = urlencode({name: value for name, value in told.items() if value})
        return 302, {}, {"Location": f"{query['redirect_uri']}?{back}"}

    def granted(self, method: str, sent: bytes) -> tuple[int, Any]:
        """Exchange a code, if it is the same client that comes with its verifier."""
        form = {name: values[0] for name, values in parse_qs(sent.decode()).items()}
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None:
            return super().granted(method, sent)
        same = ("client_id", "redirect_uri", "resource")
        is_proven = digest_of(form.get("code_verifier", "")) == asked["code_challenge"]
        is_right = is_proven and all(form.get(name) == asked[name] for name in same)
        if not is_right:
            return 400, {"error": "invalid_grant"}
        refresh = f"refresh-{len(self.refreshing)}-of-the-user-0123456789"
        self.refreshing[refresh] = "tenant-a"
        return 200, {**self.issued("tenant-a"), "refresh_token": refresh}
