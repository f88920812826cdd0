"""Servers with the mistakes of public advisories: plain ASGI, each in another form.

What is written here is ours, and has of an advisory no more than how the mistake comes about. Of a
form are the claims' names and the way by which a token comes; none is that of any other server.
"""

from __future__ import annotations

import hmac
import json
import socket
import sqlite3
import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any

import uvicorn
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from conformance.forge.jwt.signing import jwk_of
from conformance.selftest.targets import KEYS, answered
from conformance.selftest.token_servers import (
    AUDIENCE,
    ISSUER,
    KEY_ID,
    SECRET,
    RefusedError,
    Verifier,
    is_mac,
    private_key,
)
from conformance.text.tokens import decoded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Mapping, MutableMapping

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Form:
    """How a token is carried and what its claims are called, by their usual names."""

    header: str = "Authorization"
    scheme: str = ""
    cookie: str = ""
    names: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def way(self) -> str:
        """The way by which a token comes, as a profile has it."""
        told = f'cookie = "{self.cookie}"' if self.cookie else f'header = "{self.header}"'
        scheme = f'scheme = "{self.scheme}"\n' if self.scheme else ""
        return f"[[sessions.ways]]\n{told}\n{scheme}"

    def token(self, headers: Mapping[str, str]) -> str:
        """Return the token that stands in a request's fields; empty where there is none."""
        if self.cookie:
            found = SimpleCookie(headers.get("cookie", "")).get(self.cookie)
            return found.value if found else ""
        value = headers.get(self.header.lower(), "")
        before = f"{self.scheme} " if self.scheme else ""
        return value.removeprefix(before) if value.startswith(before) else ""


BEARER = Form(scheme="Bearer", names={"sub": "user", "jti": "ticket"})
FIELD = Form("X-Access-Token", names={"iss": "issuer", "aud": "for", "exp": "ends", "iat": "made"})
COOKIE = Form(cookie="sso", names={"iss": "by", "sub": "uid", "nbf": "from", "jti": "nr"})
WORD = Form(scheme="Token", names={"aud": "audience", "exp": "until", "nbf": "not_before"})


def _public(algorithm: str, kind: Encoding, form: PublicFormat) -> bytes:
    return private_key(algorithm).public_key().public_bytes(kind, form)


class UnsignedWhereNoneIsNamed(Verifier):
    """Takes the algorithm from the token where it was told none, and none is one of them."""

    def takes(self, header: dict[str, Any], message: bytes, signature: bytes) -> bool:
        """Take what says that it is not signed, and is not."""
        del message
        return header.get("alg") == "none" and not signature


class _Confusing(Verifier):
    """Computes an HMAC under the bytes of its public key where a token asks for that."""

    kind, form = Encoding.PEM, PublicFormat.SubjectPublicKeyInfo

    def takes(self, header: dict[str, Any], message: bytes, signature: bytes) -> bool:
        """Take an HMAC for a signature by the private key."""
        secret = _public(self.algorithm, self.kind, self.form)
        return header.get("alg") == "HS256" and is_mac(secret, message, signature)


class ConfusingFiles(_Confusing):
    """Keeps its public key as a file in PEM."""


class ConfusingOldFiles(_Confusing):
    """Looks out for BEGIN PUBLIC KEY, and has BEGIN RSA PUBLIC KEY."""

    form = PublicFormat.PKCS1


class ConfusingLines(_Confusing):
    """Looks out for PEM and ssh-rsa, and keeps its key as a line of OpenSSH's."""

    kind, form = Encoding.OpenSSH, PublicFormat.OpenSSH


class ConfusingBytes(_Confusing):
    """Knows no difference between the keys of algorithms, and has it in DER."""

    kind = Encoding.DER


class ComparingWhatIsThere(Verifier):
    """Compares as many bytes as the token's signature has, and finds none that differs."""

    def is_right(self, message: bytes, signature: bytes) -> bool:
        """Tell whether the signature is the beginning of the right one."""
        right = hmac.digest(SECRET.encode(), message, "sha256")
        return all(one == other for one, other in zip(signature, right, strict=False))


class ReadingTwoForms(Verifier):
    """Verifies what a JSON parser finds in a token, and reads claims between its points."""

    def tenant(self, token: str) -> str:
        """Return whose claims stand there. Raises RefusedError where nothing is signed."""
        if not token.startswith("{"):
            return super().tenant(token)
        told = json.loads(token)
        message = f"{told['protected']}.{told['payload']}".encode()
        if not self.is_right(message, decoded(told["signature"])):
            raise RefusedError("signature")
        return self.holder(decoded(token.split(".")[1]))


class IssuerWithin(Verifier):
    """Looks for the issuer in a text where a list was meant."""

    def is_issuer(self, told: object) -> bool:
        """Tell whether the issuer is a part of the trusted one's name."""
        return isinstance(told, str) and told in ISSUER


class ListsOfAudiences(Verifier):
    """Reads an audience that is a text, and takes a list for none, which need not be there."""

    def is_audience(self, told: object) -> bool:
        """Tell whether the audience is ours, or no text."""
        return told == AUDIENCE or isinstance(told, list)


class TimesOfAnotherKind(Verifier):
    """Passes over a time that it cannot read."""

    def is_early(self, told: object, now: float) -> bool:
        """Tell whether a token holds from later on, if that can be read."""
        return isinstance(told, (int, float)) and super().is_early(told, now)


class KeysInATable(Verifier):
    """Puts the key's id into a query, as the token has it."""

    def takes(self, header: dict[str, Any], message: bytes, signature: bytes) -> bool:
        """Take what is signed by what the query returns."""
        asked = f"SELECT secret FROM keys WHERE id = '{header.get('kid')}'"  # noqa: S608 -- the mistake
        with closing(sqlite3.connect(":memory:")) as database:
            database.execute("CREATE TABLE keys (id TEXT, secret TEXT)")
            database.execute("INSERT INTO keys VALUES (?, ?)", (KEY_ID, SECRET))
            try:
                secrets: list[tuple[str]] = database.execute(asked).fetchall()
            except sqlite3.Error:
                return False
        is_named = header.get("alg") == self.algorithm
        return is_named and any(is_mac(one.encode(), message, signature) for (one,) in secrets)


@dataclass(frozen=True)
class Advisory:
    """An advisory, whose library made the mistake, and what a server with it must fail."""

    name: str
    library: str
    verifier: Callable[..., Verifier]
    fails: str
    algorithm: str = "RS256"
    form: Form = BEARER


ADVISORIES = (
    Advisory("CVE-2022-23540", "jsonwebtoken", UnsignedWhereNoneIsNamed, "JWT-02", "HS256", FIELD),
    Advisory("CVE-2015-9235", "jsonwebtoken", ConfusingFiles, "JWT-02"),
    Advisory("CVE-2017-11424", "PyJWT", ConfusingOldFiles, "JWT-02", form=COOKIE),
    Advisory("CVE-2022-29217", "PyJWT", ConfusingLines, "JWT-02", "ES256", WORD),
    Advisory("CVE-2024-54150", "cjwt", ConfusingBytes, "JWT-02", form=FIELD),
    Advisory("CVE-2018-0114", "node-jose", partial(Verifier, mistake="embedded key"), "JWT-02"),
    Advisory("CVE-2024-21643", "IdentityModel", partial(Verifier, mistake="fetched key"), "JWT-02"),
    Advisory(
        "CVE-2022-21449",
        "Java",
        partial(Verifier, mistake="blank ECDSA signature"),
        "JWT-02",
        "ES256",
        COOKIE,
    ),
    Advisory("CVE-2020-28042", "ServiceStack", ComparingWhatIsThere, "JWT-02", "HS256", WORD),
    Advisory("CVE-2022-39227", "python-jwt", ReadingTwoForms, "JWT-02", "HS256", FIELD),
    Advisory("CWE-89", "kid in a query", KeysInATable, "JWT-02", "HS256", COOKIE),
    Advisory(
        "CWE-22", "kid as a path", partial(Verifier, mistake="key id as a path"), "JWT-02", "HS256"
    ),
    Advisory("CVE-2024-53861", "PyJWT", IssuerWithin, "JWT-01", form=WORD),
    Advisory("CVE-2020-26160", "jwt-go", ListsOfAudiences, "JWT-01", "ES256", FIELD),
    Advisory(
        "CVE-2025-59420", "Authlib", partial(Verifier, mistake="critical extensions"), "JWT-04"
    ),
    Advisory("CVE-2026-25537", "jsonwebtoken (Rust)", TimesOfAnotherKind, "JWT-04", form=COOKIE),
)


class App:
    """An ASGI application: tenants show an API key, or a token of the form's."""

    def __init__(self, verifier: Verifier, form: Form) -> None:
        self.verifier, self.form = verifier, form

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        body = await _body(receive)
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        status, told = self._answer(scope["path"], headers, body)
        fields = [(b"content-type", b"application/json")]
        fields += [(b"www-authenticate", b"Bearer")] if status == HTTPStatus.UNAUTHORIZED else []
        await send({"type": "http.response.start", "status": status, "headers": fields})
        await send({"type": "http.response.body", "body": json.dumps(told).encode()})

    def _answer(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        algorithm = self.verifier.algorithm
        if path == "/.well-known/jwks.json" and algorithm != "HS256":
            return 200, {"keys": [{**jwk_of(private_key(algorithm)), "kid": KEY_ID}]}
        tenant = KEYS.get(headers.get("x-api-key", "")) or self._holder(self.form.token(headers))
        if tenant is None:
            return 401, {"error": "unauthorized"}
        try:
            message: Any = json.loads(body)
        except ValueError:
            message = {}
        return answered(message, tenant)

    def _holder(self, token: str) -> str | None:
        try:
            return self.verifier.tenant(token)
        except (RefusedError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


@contextmanager
def serving_asgi(app: App) -> Generator[str]:
    """Serve an application from a thread; yields the URL of its endpoint."""
    with socket.create_server(("127.0.0.1", 0)) as door:  # who comes too early waits in its queue
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}/mcp"
        finally:
            server.should_exit = True
            thread.join()
