"""Authlib's classes that ours are made of.

They have no types of their own, and those that typeshed has made for them say that an endpoint's
body is text and that a request has no parameters, which is not so; hence none are taken from there.
"""

from __future__ import annotations

from typing import Any, Final

from authlib.integrations import flask_oauth2
from authlib.oauth2 import rfc6749, rfc7009, rfc7636

AuthorizationServer: Final[Any] = flask_oauth2.AuthorizationServer
OAuth2Request: Final[Any] = rfc6749.OAuth2Request
OAuth2Payload: Final[Any] = rfc6749.OAuth2Payload
AuthorizationCodeGrant: Final[Any] = rfc6749.grants.AuthorizationCodeGrant
RefreshTokenGrant: Final[Any] = rfc6749.grants.RefreshTokenGrant
CodeChallenge: Final[Any] = rfc7636.CodeChallenge
RevocationEndpoint: Final[Any] = rfc7009.RevocationEndpoint
