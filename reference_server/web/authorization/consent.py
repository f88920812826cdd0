"""The page that asks a user for consent, and what becomes of the decision.

Nobody is sent anywhere who is not signed in, nor to a URI that the client has not registered.
And nobody is sent on by himself with an error to a client that nobody has looked at: a page says
what is wrong, and offers the way (RFC 9700 section 4.11.2).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from flask import g, request

from reference_server.core.errors import RefusedUrlError
from reference_server.core.vocabulary import EventType, Outcome, Permission
from reference_server.oauth.clients import REFRESH, ClientKind
from reference_server.oauth.contracts import Wish
from reference_server.oauth.redirects import host_of
from reference_server.web.answers import redirected
from reference_server.web.authorization.answers import Question, answer_location, page
from reference_server.web.authorization.requests import Asked, error_text, pairs_of
from reference_server.web.authorization.sign_in import sign_in_page
from reference_server.web.oauth_paths import AUTHORIZE

if TYPE_CHECKING:
    from flask import Response

    from reference_server.core.principal import Principal
    from reference_server.oauth.clients import Client
    from reference_server.web.authorization.server import Server

SEEN = "from_here"
"""The parameter that says that a page of ours has sent the browser here."""


class ConsentDesk:
    """Asks the user of a browser's session, and answers the client."""

    def __init__(self, server: Server) -> None:
        self._server, self._parts = server, server.parts

    def ask(self) -> Response:
        """Show the page, or what stands in its way."""
        principal: Principal | None = g.context.principal
        if principal is None:
            return self._sign_in()
        pairs = [pair for pair in pairs_of(request.args) if pair[0] != SEEN]
        return self._answered(principal, Asked("GET", self._url, pairs), decision=None)

    def decide(self) -> Response:
        """Answer the client as the user has decided, on the page that was shown to him."""
        principal: Principal | None = g.context.principal
        if principal is None:
            return self._sign_in()
        told = request.form
        shown = self._parts.consents.open(principal, told.get("request", ""))
        decision = told.get("decision")
        if shown is None or decision not in {"allow", "deny"}:
            text = "The page that asked you is too old, or it was not shown to you."
            return self._refused(InvalidRequestError(text))
        asked = Asked("POST", self._url, shown.items())
        return self._answered(principal, asked, decision=decision == "allow")

    @property
    def _url(self) -> str:
        return self._parts.issuer + AUTHORIZE

    def _answered(self, principal: Principal, asked: Asked, *, decision: bool | None) -> Response:
        """Check the request, anew after the decision: what was there may have gone."""
        try:
            client = self._client(asked)
            wish = self._wish(asked, client)
        except OAuth2Error as error:
            return self._refused(error, asked)
        if decision is None:
            return self._question(principal, asked, client, wish)
        return self._granted(principal, asked, wish) if decision else self._denied(asked, wish)

    def _client(self, asked: Asked) -> Client:
        """Return the client; OAuth2Error, which goes no further than a page."""
        complaint = asked.payload.complaint()
        if complaint is not None:
            raise InvalidRequestError(complaint)
        client_id = asked.payload.client_id
        if client_id is None:
            raise InvalidRequestError("client_id is missing.")
        try:
            client = self._parts.clients.find(client_id)
        except RefusedUrlError as error:
            text = error_text(f"The client's document cannot be used. {error}")
            raise OAuth2Error(text, error="invalid_client") from None
        if client is None:
            raise OAuth2Error("The client is not known here.", error="invalid_client")
        asked.client = client
        return client

    def _wish(self, asked: Asked, client: Client) -> Wish:
        """Return what is asked for; OAuth2Error, with the URI to go to where that is certain."""
        grant: Any = self._server.consent_grant(asked, client)
        told = asked.payload.data
        scope = frozenset((asked.payload.scope or Permission.READ.value).split())
        return Wish(
            client_id=client.id,
            scope=scope,
            resource=self._parts.resource,
            redirect_uri=grant.redirect_uri,
            challenge=told["code_challenge"],
            may_refresh=client.check_grant_type(REFRESH),
        )

    def _question(self, principal: Principal, asked: Asked, client: Client, wish: Wish) -> Response:
        question = Question(
            client=client,
            scope=wish.scope,
            redirect_uri=wish.redirect_uri,
            account=self._parts.grants.account(principal),
            seal=self._parts.consents.seal(principal, asked.payload.data),
        )
        return question.page(self._parts.issuer)

    def _granted(self, principal: Principal, asked: Asked, wish: Wish) -> Response:
        code = self._parts.grants.give(principal, wish)
        self._audit(EventType.CONSENT_GIVEN, Outcome.SUCCESS, wish)
        return redirected(self._location(asked, wish.redirect_uri, code=code))

    def _denied(self, asked: Asked, wish: Wish) -> Response:
        self._audit(EventType.CONSENT_DENIED, Outcome.SUCCESS, wish)
        location = self._location(asked, wish.redirect_uri, error="access_denied")
        return redirected(location)

    def _audit(self, kind: EventType, outcome: Outcome, wish: Wish) -> None:
        self._server.audit(
            kind,
            outcome,
            clientId=wish.client_id,
            redirectHost=host_of(wish.redirect_uri),
            scope=" ".join(sorted(wish.scope)),
        )

    def _location(self, asked: Asked, redirect_uri: str, **told: str) -> str:
        state = asked.payload.state
        told = told if state is None else {**told, "state": state}
        return answer_location(redirect_uri, self._parts.issuer, told)

    def _refused(self, error: OAuth2Error, asked: Asked | None = None) -> Response:
        client: Client | None = asked.client if asked is not None else None
        reason = {"reason": str(error.error)} | ({"clientId": client.id} if client else {})
        self._server.audit(EventType.AUTHORIZATION_REFUSED, Outcome.FAILURE, **reason)
        description = str(error.get_error_description() or "")
        location, host = None, ""
        if asked is not None and error.redirect_uri:
            told = {"error": str(error.error), "error_description": description}
            location = self._location(asked, error.redirect_uri, **told)
            if client is not None and client.kind is ClientKind.REGISTERED:
                return redirected(location)
            host = host_of(error.redirect_uri)
        return page(
            "refused",
            HTTPStatus.BAD_REQUEST,
            error=str(error.error),
            description=description,
            location=location,
            redirect_host=host,
        )

    def _sign_in(self) -> Response:
        """Send a browser to sign in; one that comes from another site once again to here.

        It keeps the session's cookie to itself then, which is SameSite=Strict.
        """
        server = host_of(self._parts.issuer)
        pairs = pairs_of(request.args)
        is_foreign = request.headers.get("Sec-Fetch-Site") == "cross-site"
        if request.method == "GET" and is_foreign and SEEN not in request.args:
            target = f"{AUTHORIZE}?{urlencode([*pairs, (SEEN, '1')])}"
            return page("continue", HTTPStatus.OK, server=server, target=target)
        login = self._parts.login
        if login is not None and request.method == "GET":
            here = f"{AUTHORIZE}?{urlencode([pair for pair in pairs if pair[0] != SEEN])}"
            return redirected(f"{login}?next={quote(here, safe='')}")
        return sign_in_page(self._parts, [pair for pair in pairs if pair[0] != SEEN])
