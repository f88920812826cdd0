"""The door of the authorization server: metadata, consent, tokens (MCP 2026-07-28, Authorization).

The chain lets everybody in here, counted by client and address together; a browser's session, if it
has one, is known by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, request

from reference_server.context import MCP_PATH
from reference_server.web.authorization.grants import METHODS
from reference_server.web.authorization.sign_in import SignInDesk
from reference_server.web.oauth_paths import (
    AUTHORIZE,
    REGISTER,
    RESOURCE_METADATA,
    REVOKE,
    SERVER_METADATA,
    SIGN_IN,
    TOKEN,
)

if TYPE_CHECKING:
    from typing import Any

    from reference_server.oauth.contracts import AuthorizationParts
    from reference_server.parts import Parts


def authorization_routes(parts: Parts, authorization: AuthorizationParts) -> Blueprint:
    """Return the blueprint of the authorization server, and of what tells of it."""
    routes = Blueprint("authorization", __name__)
    desks = authorization.desks(parts, authorization)
    server, consent, registration = desks.tokens, desks.consent, desks.registration

    def resource() -> Response:
        return jsonify(resource_metadata(authorization))

    def issuer() -> Response:
        return jsonify(server_metadata(authorization))

    def authorize() -> Response:
        return consent.ask() if request.method == "GET" else consent.decide()

    def token() -> Response:
        return server.create_token_response()

    def revoke() -> Response:
        return server.create_revocation_response()

    def registered(client_id: str) -> Response:
        if request.method == "DELETE":
            return registration.remove(client_id)
        return registration.read(client_id)

    for path in (RESOURCE_METADATA, RESOURCE_METADATA + MCP_PATH):
        routes.add_url_rule(path, endpoint=path.replace(".", "_"), view_func=resource)
    routes.add_url_rule(SERVER_METADATA, view_func=issuer)
    routes.add_url_rule(AUTHORIZE, view_func=authorize, methods=["GET", "POST"])
    if authorization.login is None:
        sign_in = SignInDesk(parts, authorization).sign_in
        routes.add_url_rule(SIGN_IN, view_func=sign_in, methods=["POST"])
    routes.add_url_rule(TOKEN, view_func=token, methods=["POST"])
    routes.add_url_rule(REVOKE, view_func=revoke, methods=["POST"])
    routes.add_url_rule(REGISTER, view_func=registration.register, methods=["POST"])
    routes.add_url_rule(f"{REGISTER}/<client_id>", view_func=registered, methods=["GET", "DELETE"])
    return routes


def resource_metadata(parts: AuthorizationParts) -> dict[str, Any]:
    """Return what is told of the MCP endpoint (RFC 9728 section 2)."""
    return {
        "resource": parts.resource,
        "authorization_servers": [parts.issuer],
        "scopes_supported": list(parts.scopes),
        "bearer_methods_supported": ["header"],
        "resource_name": "Hallmark reference server",
    }


def server_metadata(parts: AuthorizationParts) -> dict[str, Any]:
    """Return what is told of the authorization server (RFC 8414 section 2)."""
    return {
        "issuer": parts.issuer,
        "authorization_endpoint": parts.issuer + AUTHORIZE,
        "token_endpoint": parts.issuer + TOKEN,
        "registration_endpoint": parts.issuer + REGISTER,
        "revocation_endpoint": parts.issuer + REVOKE,
        "scopes_supported": list(parts.scopes),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": list(METHODS),
        "revocation_endpoint_auth_methods_supported": list(METHODS),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": True,
        "protected_resources": [parts.resource],
    }
