"""Clients that register themselves (RFC 7591), and see and remove their registration (RFC 7592).

Authlib's endpoints for both are not used: see ``server``. The errors are Authlib's.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from authlib.oauth2.rfc7591 import InvalidClientMetadataError, InvalidRedirectURIError
from flask import Response, g, jsonify, request

from reference_server.core.vocabulary import EventType, Outcome
from reference_server.oauth.clients import BadMetadataError
from reference_server.oauth.redirects import host_of
from reference_server.web.answers import rate_limited
from reference_server.web.authorization.requests import error_text
from reference_server.web.oauth_paths import REGISTER

if TYPE_CHECKING:
    from authlib.oauth2.rfc6749 import OAuth2Error

    from reference_server.oauth.clients import Client, Registered
    from reference_server.web.authorization.server import Server


class RegistrationDesk:
    """Registers clients, as many as one address and all together may."""

    def __init__(self, server: Server) -> None:
        self._server, self._parts = server, server.parts

    def register(self) -> Response:
        """Register a client, which is told its id and the token for its registration."""
        try:
            metadata = self._parts.clients.describe(_told())
        except BadMetadataError as bad:
            return self._refuse(bad)
        admission = self._parts.registrations.admit(g.context.site)
        if not admission.admitted:
            self._audit_refusal("limited")
            return rate_limited(admission)
        registered = self._parts.clients.register(metadata)
        if registered is None:
            self._audit_refusal("full")
            return _full()
        hosts = sorted({host_of(uri) for uri in registered.client.redirect_uris})
        told = {"clientId": registered.client.id, "redirectHosts": hosts}
        self._server.audit(EventType.CLIENT_REGISTERED, Outcome.SUCCESS, **told)
        return self._registered(registered)

    def read(self, client_id: str) -> Response:
        """Tell a client what it was registered with; its token is not told again."""
        client = self._own(client_id)
        if client is None:
            return _unauthorized()
        return jsonify(**client.told(), registration_client_uri=self._uri(client))

    def remove(self, client_id: str) -> Response:
        """Remove a client, with all that users have granted to it."""
        client = self._own(client_id)
        if client is None or not self._parts.clients.remove(client, _bearer()):
            return _unauthorized()
        self._server.audit(EventType.CLIENT_REMOVED, Outcome.SUCCESS, clientId=client.id)
        return Response(status=HTTPStatus.NO_CONTENT)

    def _own(self, client_id: str) -> Client | None:
        """Return the client whose token was presented, if it is the one that is asked for.

        An unknown client is answered as one whose token it is not (RFC 7592 section 2.1).
        """
        client = self._parts.clients.find_again(client_id)
        return client if client is not None and client.is_registered_by(_bearer()) else None

    def _registered(self, registered: Registered) -> Response:
        client = registered.client
        response = jsonify(
            **client.told(),
            registration_client_uri=self._uri(client),
            registration_access_token=registered.registration_token,
        )
        response.status_code = HTTPStatus.CREATED
        return response

    def _uri(self, client: Client) -> str:
        return f"{self._parts.issuer}{REGISTER}/{client.id}"

    def _refuse(self, bad: BadMetadataError) -> Response:
        self._audit_refusal(bad.field)
        is_redirect = bad.field == "redirect_uris"
        kind = InvalidRedirectURIError if is_redirect else InvalidClientMetadataError
        return _error(kind(error_text(str(bad))))

    def _audit_refusal(self, reason: str) -> None:
        self._server.audit(EventType.CLIENT_REFUSED, Outcome.FAILURE, reason=reason)


def _told() -> dict[str, Any]:
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # which Flask lets through, where all else that is no JSON is None
        body = None
    if not isinstance(body, dict):
        raise BadMetadataError("body", "it has to be a JSON object")
    return cast("dict[str, Any]", body)


def _bearer() -> str:
    """Return the token that was presented; "" where there is none, or more than one."""
    fields = request.headers.getlist("Authorization")
    scheme, _, token = (fields[0] if len(fields) == 1 else "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _error(error: OAuth2Error) -> Response:
    response = jsonify(dict(error.get_body()))
    response.status_code = HTTPStatus.BAD_REQUEST
    return response


def _unauthorized() -> Response:
    response = jsonify(error="invalid_token")
    response.status_code = HTTPStatus.UNAUTHORIZED
    response.headers["WWW-Authenticate"] = 'Bearer realm="registration", error="invalid_token"'
    return response


def _full() -> Response:
    response = jsonify(error="temporarily_unavailable")
    response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return response
