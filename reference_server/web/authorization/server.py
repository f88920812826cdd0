"""The authorization server: Authlib's for Flask, with parts of ours where its own would not do.

Its requests are made from what may be looked at (``requests``), its grants store by one statement
(``grants``). Its registration endpoint is not used: it gives everybody a secret, and reads the time
from the machine. Nor is its extension for RFC 9207, which takes the client's URI apart and puts it
together again: one function makes every answer here (``answers``).
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, OAuth2Error
from flask import g, request

from reference_server.audit.contracts import AuditEvent
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.oauth.clients import Client, ClientKind
from reference_server.oauth.contracts import Exchange
from reference_server.oauth.grants import new_secret
from reference_server.oauth.states import digest_of
from reference_server.web.authorization.grants import (
    METHODS,
    REUSED,
    CodeGrant,
    Presented,
    ResourceIndicator,
    RotatingGrant,
    S256Challenge,
)
from reference_server.web.authorization.library import AuthorizationServer, RevocationEndpoint
from reference_server.web.authorization.requests import Asked, form_request

if TYPE_CHECKING:
    from flask import Response

    from reference_server.core.principal import Principal
    from reference_server.oauth.contracts import AuthorizationParts, Grant
    from reference_server.parts import Parts

# Its lines of the level debug tell tokens as they are.
logging.getLogger("authlib").setLevel(logging.INFO)

_KINDS = frozenset({"authorization_code", "refresh_token"})
_NOBODY = Client(
    id="",
    kind=ClientKind.REGISTERED,
    redirect_uris=(),
    auth_method="client_secret_basic",
    secret_digest=digest_of(new_secret()),
)
"""What stands in for a client that there is not: its secret is known to nobody."""
UNSUPPORTED = "unsupported_grant_type"


class Server(AuthorizationServer):
    """The authorization server of some parts; the classes are those of its grants."""

    codes: type[CodeGrant] = CodeGrant
    refreshing: type[RotatingGrant] = RotatingGrant
    challenge: type[S256Challenge] = S256Challenge

    def __init__(self, all_parts: Parts, parts: AuthorizationParts) -> None:
        self._authlib: Any = super()
        self._authlib.__init__()
        self.all_parts, self.parts = all_parts, parts
        self.scopes_supported = list(parts.scopes)
        self.register_grant(self.codes, [self.challenge(), ResourceIndicator()])
        self.register_grant(self.refreshing)
        self.register_endpoint(Revocation)

    def query_client(self, client_id: str) -> Client:
        """Return the client of the request under way, or who presents what was granted before.

        Where there is none it is one that nobody proves to be: neither the answer nor its time
        tells which clients there are.
        """
        known: Client | None = g.get("oauth_client")
        return known or self.parts.clients.find_again(client_id) or _NOBODY

    def consent_grant(self, asked: Asked, client: Client) -> Any:
        """Return Authlib's view of a request for consent; OAuth2Error for what is wrong with it.

        The error has the URI to go to where that is certain.
        """
        g.oauth_client = client
        uri = self.codes.validate_authorization_redirect_uri(asked, client)
        kind = asked.payload.response_type
        # Asked here, for Authlib puts what it was told into the error's text, and fails on some.
        if kind != "code":
            error = "invalid_request" if kind is None else "unsupported_response_type"
            raise OAuth2Error("response_type has to be code.", error=error, redirect_uri=uri)
        return self.get_consent_grant(asked)

    def create_oauth2_request(self, request: Any) -> Asked:
        """Return a request that was made before, or the one under way, of a program."""
        if isinstance(request, Asked):
            return request
        return self._form_request()

    def create_token_response(self, request: Any = None) -> Response:
        """Exchange what is presented for tokens (RFC 6749 section 3.2)."""
        try:
            asked = self._form_request() if request is None else request
            _check_kind(asked.payload.grant_type)
            return cast("Response", self._authlib.create_token_response(asked))
        except OAuth2Error as error:
            return self.handle_error_response(None, error)

    def create_revocation_response(self) -> Response:
        """End what is presented (RFC 7009)."""
        try:
            asked = self._form_request()
        except OAuth2Error as error:
            return self.handle_error_response(None, error)
        answer = self.create_endpoint_response(Revocation.ENDPOINT_NAME, asked)
        return cast("Response", answer)

    def handle_error_response(self, request: Any, error: OAuth2Error) -> Response:
        """Return the answer for a program that is refused, once it is on the trail."""
        client = getattr(request, "client", None)
        told = {"error": str(error.error)} | ({"clientId": client.id} if client else {})
        self.audit(EventType.TOKEN_REFUSED, Outcome.FAILURE, **told)
        return cast("Response", self._authlib.handle_error_response(request, error))

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Tell nobody: what happens is on the trail."""

    def exchange_code(self, presented: Presented) -> dict[str, Any]:
        """Return the tokens for a code, of which the first exchange alone gets any."""
        refresh_token = new_secret() if presented.grant.wish.may_refresh else None
        scope = presented.grant.wish.scope
        found = self.parts.grants.take_code(presented.secret, refresh_token)
        holder = self._holder(found, presented.grant)
        return self._tokens(presented.grant, replace(holder, scope=scope), refresh_token)

    def exchange_refresh(self, presented: Presented, scope: frozenset[str]) -> dict[str, Any]:
        """Return the tokens for a refresh token, with no more than was granted."""
        successor = new_secret()
        found = self.parts.grants.rotate(presented.secret, successor)
        holder = self._holder(found, presented.grant)
        return self._tokens(presented.grant, replace(holder, scope=scope), successor)

    def audit(self, kind: EventType, outcome: Outcome, **told: Any) -> None:
        """Store a row before the answer leaves; StorageUnavailableError when that fails.

        ``holder`` is for whom a client acts, where nobody is signed in.
        """
        holder: Principal | None = told.pop("holder", None)
        event = AuditEvent(kind, outcome, metadata=told)
        if holder is not None:
            subject = {"subject": holder.subject} if holder.subject else {}
            event = replace(
                event,
                tenant_id=holder.tenant_id,
                actor_key_id=holder.key_id,
                metadata={**told, **subject},
            )
        self.all_parts.trail.write(g.context.attribute(event))

    def _form_request(self) -> Asked:
        fields = request.headers.getlist("Authorization")
        return form_request(self.parts.issuer + request.path, request.form, fields)

    def _holder(self, found: Principal | Exchange, grant: Grant) -> Principal:
        """Return for whom tokens are made; InvalidGrantError where none are."""
        if found is Exchange.REUSED:
            self.end(grant, REUSED)
        if isinstance(found, Exchange):
            raise InvalidGrantError("It is not good, or not good any more.")
        return found

    def end(self, grant: Grant, reason: str) -> None:
        """End a grant, with all tokens that came of it; here at once, elsewhere in a second."""
        self.parts.grants.end(grant.id)
        self.all_parts.tokens.ends.end(str(grant.id))
        told = {"clientId": grant.wish.client_id, "session": str(grant.id), "reason": reason}
        self.audit(EventType.GRANT_ENDED, Outcome.SUCCESS, **told)

    def _tokens(self, grant: Grant, holder: Principal, refresh_token: str | None) -> dict[str, Any]:
        scope = " ".join(sorted(holder.scope))
        issued = self.all_parts.tokens.access.make(
            holder, str(grant.id), grant.wish.resource, self.parts.access_seconds
        )
        self.audit(
            EventType.TOKEN_ISSUED,
            Outcome.SUCCESS,
            holder=holder,
            clientId=grant.wish.client_id,
            session=str(grant.id),
            tokenId=issued.token_id,
            scope=scope,
        )
        tokens = {
            "access_token": issued.token,
            "token_type": "Bearer",
            "expires_in": issued.seconds,
            "scope": scope,
        }
        return tokens if refresh_token is None else {**tokens, "refresh_token": refresh_token}


def _check_kind(grant_type: str | None) -> None:
    """Raise OAuth2Error for a kind of grant that there is not; Authlib would tell it back."""
    if grant_type is None:
        raise InvalidRequestError("grant_type is missing.")
    if grant_type not in _KINDS:
        raise OAuth2Error("grant_type is not one of those here.", error=UNSUPPORTED)


class _Access:
    """An access token that is to end."""

    def __init__(self, principal: Principal) -> None:
        self.principal = principal

    def check_client(self, client: Client) -> bool:
        """Tell whether it was issued to that client."""
        return self.principal.client_id == client.id


class Revocation(RevocationEndpoint):
    """Ends tokens (RFC 7009): with a refresh token all that came of its grant."""

    CLIENT_AUTH_METHODS = METHODS
    server: Server

    def check_params(self, request: Any, client: Client) -> None:
        """Refuse a request without a token; a hint that is unknown is ignored (section 2.2.1)."""
        del client
        if "token" not in request.form:
            raise InvalidRequestError("token is missing.")

    def query_token(self, token_string: str, token_type_hint: str | None) -> Any:
        """Return what a token is, whatever the hint says; None for what is no good here."""
        del token_type_hint
        found = self.server.parts.grants.find_refresh_token(token_string)
        if found is not None:
            return Presented(found, token_string)
        principal = self.server.all_parts.tokens.validator.validate(token_string)
        return None if principal is None or principal.client_id is None else _Access(principal)

    def revoke_token(self, token: Presented | _Access, request: Any) -> None:
        """End it."""
        client: Client = request.client
        if isinstance(token, Presented):
            self.server.end(token.grant, "revoked")
            return
        token_id = str(token.principal.token_id)
        self.server.all_parts.tokens.ends.end(token_id)
        told = {"clientId": client.id, "tokenId": token_id}
        self.server.audit(EventType.SESSION_REVOKED, Outcome.SUCCESS, **told)
