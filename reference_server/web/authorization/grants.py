"""The two grants, on Authlib's, whose checks they keep and whose storing they replace.

Authlib writes a token and then removes the code or token that it came of, so that of two exchanges
at the same time both succeed; here one statement of the database decides (``oauth.grants``). And it
takes a missing or plain challenge for enough (RFC 7636), and knows no resource (RFC 8707).
"""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING, Any

from authlib.oauth2.rfc6749 import (
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
)

from reference_server.core.principal import implied
from reference_server.core.text import challenge_of
from reference_server.web.authorization.library import (
    AuthorizationCodeGrant,
    CodeChallenge,
    RefreshTokenGrant,
)
from reference_server.web.authorization.targets import is_resource

if TYPE_CHECKING:
    from reference_server.oauth.clients import Client
    from reference_server.oauth.contracts import Grant

METHODS = ("none", "client_secret_basic", "client_secret_post")
"""How clients prove themselves: those that registered themselves by none."""

REUSED = "reused"
"""Why a grant has ended: what it gave was presented again."""

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class Presented:
    """A grant by way of the code or refresh token that was presented for it, as Authlib asks."""

    def __init__(self, grant: Grant, secret: str) -> None:
        self.grant, self.secret = grant, secret
        self.code_challenge = grant.wish.challenge
        self.code_challenge_method = "S256"

    def get_redirect_uri(self) -> str:
        """Return where the answer went."""
        return self.grant.wish.redirect_uri

    def get_scope(self) -> str:
        """Return what was granted."""
        return " ".join(sorted(self.grant.wish.scope))

    def check_client(self, client: Client) -> bool:
        """Tell whether it was granted to that client."""
        return self.grant.wish.client_id == client.id


class S256Challenge(CodeChallenge):
    """PKCE of the method S256, by everybody, also where a secret proves the client (OAuth 2.1)."""

    def validate_code_challenge(self, grant: Any, redirect_uri: Any) -> None:
        """Refuse a request without a challenge, or with one that is no SHA-256."""
        del redirect_uri
        told = grant.request.payload.data
        # An absent method means plain (RFC 7636 section 4.3).
        if told.get("code_challenge_method") != "S256":
            raise InvalidRequestError("code_challenge_method has to be S256.")
        if not _CHALLENGE.fullmatch(told.get("code_challenge", "")):
            raise InvalidRequestError("code_challenge has to be 43 characters of base64url.")

    def validate_code_verifier(self, grant: Any, result: Any) -> None:
        """Refuse a verifier that is absent, malformed or another's (RFC 7636 section 4.6)."""
        del result
        verifier = grant.request.form.get("code_verifier", "")
        if not verifier:
            raise InvalidRequestError("code_verifier is missing.")
        if not _VERIFIER.fullmatch(verifier):
            raise InvalidGrantError(
                "code_verifier has to be 43 to 128 characters of those allowed."
            )
        challenge = grant.request.authorization_code.code_challenge
        if not hmac.compare_digest(challenge_of(verifier), challenge):
            raise InvalidGrantError("code_verifier is not the one of the challenge.")


class InvalidTargetError(OAuth2Error):
    """A resource that no token is issued for here (RFC 8707 section 2)."""

    error = "invalid_target"


class ResourceIndicator:
    """The resource of an authorization request, which has to be the one that there is.

    A client that names none means it, too (RFC 8707 section 2): some know of no such parameter.
    """

    def __call__(self, grant: Any) -> None:
        """Have a grant ask here, once it is certain where the answer goes."""
        grant.register_hook("after_validate_authorization_request_payload", self.validate)

    def validate(self, grant: Any, result: Any) -> None:
        """Raise InvalidTargetError for another resource."""
        del result
        told = grant.request.payload.data.get("resource")
        if told is not None and not is_resource(told, grant.server.parts.resource):
            raise InvalidTargetError("resource is not the MCP endpoint of this server.")


class CodeGrant(AuthorizationCodeGrant):
    """Codes, for public clients and others."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    @staticmethod
    def validate_authorization_redirect_uri(request: Any, client: Client) -> str:
        """Return where the answer goes; it is always asked for, and matched to the letter.

        Authlib would put the URI into the error's text, and fail on some that callers think of.
        """
        uri = request.payload.redirect_uri
        if not uri:
            raise InvalidRequestError("redirect_uri is missing.")
        if not client.check_redirect_uri(uri):
            raise InvalidRequestError("redirect_uri is not one that the client has registered.")
        return uri

    def query_authorization_code(self, code: str, client: Client) -> Presented | None:
        """Return what a code stands for. One that was exchanged ends what it gave."""
        found = self.server.parts.grants.find_code(code)
        if found is None or found.wish.client_id != client.id:
            return None
        if found.is_used:
            self.server.end(found, REUSED)
            return None
        check_target(self.request, found)
        return Presented(found, code)

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        """Exchange the code."""
        presented = self.request.authorization_code
        return 200, self.server.exchange_code(presented), self.TOKEN_RESPONSE_HEADER

    def create_authorization_response(self, redirect_uri: str, grant_user: Any) -> Any:
        """Refuse: who consents is answered by the view, which adds the issuer to all answers."""
        raise NotImplementedError


class RotatingGrant(RefreshTokenGrant):
    """Refresh tokens, each of which is exchanged for the next one."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def authenticate_refresh_token(self, refresh_token: str) -> Presented | None:
        """Return what a refresh token came of; whether it is good, its exchange decides."""
        found = self.server.parts.grants.find_refresh_token(refresh_token)
        if found is None or found.is_revoked:
            return None
        check_target(self.request, found)
        return Presented(found, refresh_token)

    def _validate_token_scope(self, token: Presented) -> None:
        """Refuse more than was granted (RFC 6749 section 6)."""
        scope = self.request.payload.scope
        if scope and not frozenset(scope.split()) <= implied(token.grant.wish.scope):
            raise InvalidScopeError

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        """Exchange the refresh token."""
        presented = self.request.refresh_token
        scope = self.request.payload.scope
        wanted = frozenset(scope.split()) if scope else presented.grant.wish.scope
        return 200, self.server.exchange_refresh(presented, wanted), self.TOKEN_RESPONSE_HEADER


def check_target(request: Any, grant: Grant) -> None:
    """Raise InvalidTargetError for a resource that is not the one that was granted."""
    asked = request.payload.data.get("resource")
    if asked is not None and not is_resource(asked, grant.wish.resource):
        raise InvalidTargetError("resource is not the one that was granted.")
