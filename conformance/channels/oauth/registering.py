"""Clients of an authorization server: registered for a check and deleted after it, or named."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from conformance.channels.oauth.browser import Origins
from conformance.channels.oauth.server_metadata import words_of
from conformance.forge.guise import own_word
from conformance.forge.requests import Request
from conformance.model import LEFT_BEHIND
from conformance.text.learned import learn
from conformance.verdicts import NotApplicableError, NotAssessedError, NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.transcript import Transcript
    from conformance.channels.http.wire import Wire
    from conformance.channels.oauth.server_metadata import ServerMetadata
    from conformance.profile.authorization import PreregisteredClient
    from conformance.text.redaction import Redactor

_JSON = (("Content-Type", "application/json"), ("Accept", "application/json"))
LOOPBACK = "http://127.0.0.1:33418/callback"
"""A redirect URI such as MCP clients have: it is read, and nobody is called there."""
REMOTE = "https://client.app.example/callback"
"""One of a client on the web (RFC 2606: nobody has that name)."""
PUBLIC = "none"
_BY_SECRET = ("client_secret_basic", "client_secret_post")
"""How a client proves itself by a secret that is sent as it is (RFC 6749 section 2.3.1)."""
_NOBODY = (
    "this takes a client that registers just now, and the authorization server registers nobody "
    "(its metadata name no registration_endpoint)"
)
_BY_INVITATION = (
    "this takes a client that registers just now, and the authorization server registers none but "
    "those whom it has invited"
)
_NO_CLIENT = (
    "the judge can register no client at the authorization server: supply the profile's "
    "[authorization.client]"
)
_CLOSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


@dataclass(frozen=True)
class OAuthClient:
    """A client. ``name`` is what it calls itself, empty where that is not known.

    ``method`` is how it authenticates at the token endpoint (RFC 7591 section 2), and ``told`` what
    the server has registered. ``place`` and ``token`` manage its registration, where they are.
    """

    id: str
    redirects: tuple[str, ...]
    method: str = PUBLIC
    secret: str | None = field(default=None, repr=False)
    name: str = ""
    told: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)
    place: str | None = None
    token: str | None = field(default=None, repr=False)

    @property
    def redirect(self) -> str:
        """Its first redirect URI."""
        return self.redirects[0]

    @property
    def is_new(self) -> bool:
        """Whether it has registered itself for the judge, so that nobody has approved it before."""
        return bool(self.told)

    def authenticated(self, pairs: dict[str, str]) -> tuple[dict[str, str], tuple[Any, ...]]:
        """Return the form of a request to the token endpoint, and the headers that go with it."""
        if self.secret is None or self.method == PUBLIC:
            return {**pairs, "client_id": self.id}, ()
        if self.method == "client_secret_post":
            return {**pairs, "client_id": self.id, "client_secret": self.secret}, ()
        words = f"{quote_plus(self.id)}:{quote_plus(self.secret)}".encode()
        return pairs, (("Authorization", f"Basic {base64.b64encode(words).decode()}"),)


class Registrations:
    """Registers clients (RFC 7591), and deletes them when all is done (RFC 7592)."""

    def __init__(
        self,
        wire: Wire,
        server: ServerMetadata,
        redactor: Redactor,
        transcript: Transcript,
    ) -> None:
        told = wire.target.authorization
        self.wire, self.server = wire, server
        self.origins = Origins(wire, [*server.urls, *told.origins])
        self.terms, self._known = told.terms, told.client
        self._redactor, self._transcript = redactor, transcript
        self._made: list[OAuthClient] = []

    def through(self, line: Wire) -> Registrations:
        """Return the same by another line; what is registered by it is deleted with the rest."""
        others = Registrations(line, self.server, self._redactor, self._transcript)
        others._made = self._made
        return others

    @property
    def are_offered(self) -> bool:
        """Whether anybody may register a client."""
        return self.server.has("registration_endpoint")

    def metadata(self, *redirects: str, **more: Any) -> dict[str, Any]:
        """Return what a public client with these redirect URIs says of itself."""
        return {
            "client_name": f"Client {own_word()}",
            "redirect_uris": list(redirects or (LOOPBACK,)),
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": PUBLIC,
            "application_type": "native",
            **({"scope": " ".join(self.server.scopes)} if self.server.scopes else {}),
            **more,
        }

    def attempt(self, metadata: dict[str, Any]) -> tuple[Answer, OAuthClient | None]:
        """Try to register a client; return the answer, and the client if there is one now."""
        url = self.server.url("registration_endpoint")
        body = json.dumps(metadata).encode()
        answer = self.origins.asked(url, Request("POST", headers=_JSON, body=body))
        client = self._registered(answer, metadata)
        if client is not None:
            self._made.append(client)
        return answer, client

    def registered(self, *redirects: str, **more: Any) -> OAuthClient:
        """Register a client. NotEstablishedError unless that is done.

        NotAssessedError where the server registers nobody, or none without an invitation. Without
        redirect URIs of its own, the client has one on loopback, or else on the web.
        """
        if not self.are_offered:
            raise NotAssessedError(_NOBODY)
        answer, client = self.attempt(self.metadata(*redirects, **more))
        if client is None and not redirects:
            answer, client = self.attempt(self.metadata(REMOTE, **more))
        if client is None and answer.status in _CLOSED:
            raise NotAssessedError(_BY_INVITATION)
        if client is None:
            raise NotEstablishedError(
                f"could not establish that a client can be registered (got {answer})"
            )
        return client

    def any_client(self) -> OAuthClient:
        """Return a client: registered just now, or else the profile's."""
        try:
            return self.registered()
        except NotEstablishedError:
            if self._known is None:
                raise
        except NotAssessedError:
            if self._known is None:
                raise NotAssessedError(_NO_CLIENT) from None
        return self._preregistered(self._known)

    def confidential(self) -> Iterator[OAuthClient]:
        """Yield clients that have a secret: registered just now for this, and then the profile's.

        Raises NotApplicableError where no client has any, NotAssessedError where there is none.
        """
        methods = self.server.values("token_endpoint_auth_methods_supported") or list(_BY_SECRET)
        usable = [method for method in _BY_SECRET if method in methods]
        if not usable:
            raise NotApplicableError("no client of the authorization server has a secret")
        has_any = False
        for method in usable if self.are_offered else ():
            if (client := self._with_secret(method)) is not None:
                has_any = True
                yield client
        if self._known is not None and self._known.secret:
            yield self._preregistered(self._known)
        elif not has_any:
            raise NotAssessedError(
                "supply the profile's [authorization.client] with a secret: those that the judge "
                "registers have none"
            )

    def _with_secret(self, method: str) -> OAuthClient | None:
        """Register a client that proves itself by a method; None where it does not."""
        _, client = self.attempt(self.metadata(token_endpoint_auth_method=method))
        is_one = client is not None and client.method == method and client.secret is not None
        return client if is_one else None

    def fresh_as(self, client: OAuthClient) -> OAuthClient:
        """Return another client with the same redirect URIs, of which nobody was asked yet.

        Where none can be registered it is the same one.
        """
        try:
            return self.registered(*client.redirects)
        except NotAssessedError:
            return client

    def _preregistered(self, known: PreregisteredClient) -> OAuthClient:
        how = self.server.values("token_endpoint_auth_methods_supported")
        by_form = "client_secret_post" in how and "client_secret_basic" not in how
        method = "client_secret_post" if by_form else "client_secret_basic"
        return OAuthClient(
            known.id,
            (known.redirect_uri or LOOPBACK,),
            PUBLIC if known.secret is None else method,
            known.secret,
        )

    def _registered(self, answer: Answer, asked: dict[str, Any]) -> OAuthClient | None:
        told = answer.entries
        identity = told.get("client_id")
        if answer.status not in {HTTPStatus.CREATED, HTTPStatus.OK} or not isinstance(
            identity, str
        ):
            return None
        for name in ("client_secret", "registration_access_token"):
            if isinstance(told.get(name), str):
                learn(self._redactor, told[name], f"a client's {name}")
        whole = {**asked, **told}
        return OAuthClient(
            identity,
            words_of(whole["redirect_uris"]),
            str(whole.get("token_endpoint_auth_method") or "client_secret_basic"),
            told.get("client_secret"),
            str(whole.get("client_name") or ""),
            told,
            told.get("registration_client_uri"),
            told.get("registration_access_token"),
        )

    def delete_all(self) -> None:
        """Delete what was registered; name in the evidence what cannot be deleted."""
        left = [client.id for client in reversed(self._made) if not self._is_deleted(client)]
        self._made.clear()
        if left:
            self._transcript.note(LEFT_BEHIND, f"registered clients: {', '.join(left)}")

    def _is_deleted(self, client: OAuthClient) -> bool:
        if client.place is None or client.token is None or self.origins.line(client.place) is None:
            return False
        bearer = (("Authorization", f"Bearer {client.token}"),)
        try:
            answer = self.origins.asked(client.place, Request("DELETE", headers=bearer))
        except NotEstablishedError:  # no answer: what the check has seen counts all the same
            return False
        return answer.status == HTTPStatus.NO_CONTENT
