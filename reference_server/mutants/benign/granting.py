"""The authorization server with less to give, and with access tokens of another form."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from flask import abort, jsonify

from reference_server.mutants.bending import Beside
from reference_server.mutants.benign.edge import benign
from reference_server.mutants.benign.token_forms import TABLE, LookedUp
from reference_server.mutants.jwt.verifying import validator_of
from reference_server.mutants.oauth.authorizing import authorized
from reference_server.mutants.oauth.metadata import lacking, server_telling
from reference_server.oauth.clients import CODE
from reference_server.parts import with_parts
from reference_server.sessions.signing import SignedTokens
from reference_server.web.authorization.desks import make_desks
from reference_server.web.authorization.registration import RegistrationDesk
from reference_server.web.oauth_paths import SERVER_METADATA

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Response

    from reference_server.oauth.clients import Client
    from reference_server.parts import Parts
    from reference_server.sessions.issue import SignedAccessTokens

_OF_CLIENTS = frozenset(
    {f"OAUTH-{number:02}" for number in (1, 2, 3, 4, 6, 11, 12, 14, 15, 16, 17, 19, 20)}
    | {"AUTH-16", "RATE-03-b"}
)
"""What a client, or its user, sees of the authorization server."""
_OF_NEW_CLIENTS = "OAUTH-02 OAUTH-04 OAUTH-06 OAUTH-11 OAUTH-12 OAUTH-14 OAUTH-19 RATE-03-b"
"""What takes a client that nobody knows yet, a second one, or one without a secret."""
_OF_TOKENS = frozenset({"AUTH-11", "OAUTH-08", "OAUTH-10", "OAUTH-18", "OAUTH-21", "PERM-06"})
"""What comes of an access token at the server that takes it."""


class _NoDesk(RegistrationDesk):
    """Answers as where nothing is."""

    def register(self) -> Response:
        abort(HTTPStatus.NOT_FOUND)

    def read(self, client_id: str) -> Response:
        del client_id
        abort(HTTPStatus.NOT_FOUND)

    def remove(self, client_id: str) -> Response:
        del client_id
        abort(HTTPStatus.NOT_FOUND)


def _nobody_registers(parts: Parts) -> Parts:
    silent = lacking(SERVER_METADATA, "registration_endpoint")
    return silent(_registering_at(_NoDesk)(parts))


def _registering_at(desk: type[RegistrationDesk]) -> Callable[[Parts], Parts]:
    return authorized(desks=lambda _, __: partial(make_desks, registration=desk))


class _ByInvitation(RegistrationDesk):
    """Registers whoever has the token of an invitation (RFC 7591 section 3), and has sent none."""

    def register(self) -> Response:
        response = jsonify(error="invalid_token")
        response.status_code = HTTPStatus.UNAUTHORIZED
        response.headers["WWW-Authenticate"] = 'Bearer realm="registration"'
        return response


class _OfCodesAlone(Beside):
    """Knows clients as such that exchange codes, and nothing else."""

    def find(self, client_id: str) -> Client | None:
        return _of_codes_alone(self.real.find(client_id))

    def find_again(self, client_id: str) -> Client | None:
        return _of_codes_alone(self.real.find_again(client_id))

    def describe(self, told: Mapping[str, Any]) -> dict[str, Any]:
        return {**self.real.describe(told), "grant_types": [CODE]}


def _of_codes_alone(client: Client | None) -> Client | None:
    return client and replace(client, grant_types=(CODE,))


def _without_refreshing(parts: Parts) -> Parts:
    silent = server_telling(grant_types_supported=[CODE])
    return silent(authorized(clients=lambda real, _: _OfCodesAlone(real.clients))(parts))


class _BesideSessions(LookedUp):
    """Access tokens that are looked up, beside sessions that are signed as ever."""

    def open(self, token: str) -> bytes | None:
        """Return what a token stands for, or says; None for what is no good."""
        return SignedTokens.open(self, token) if "." in token else super().open(token)


def _looked_up(parts: Parts) -> Parts:
    validator = validator_of(parts)
    access = cast("SignedAccessTokens", parts.tokens.access)
    tokens = _BesideSessions(validator.tokens, parts)
    changes = {
        "tokens.access": replace(access, tokens=tokens),
        "tokens.validator": replace(validator, tokens=tokens),
    }
    return with_parts(parts, changes)


VARIANTS = (
    benign(
        "nobody-registers",
        "Only the operator adds clients: there is no registration endpoint.",
        lacks=_OF_NEW_CLIENTS,
        parts=_nobody_registers,
        touches=_OF_CLIENTS,
    ),
    benign(
        "registers-by-invitation",
        "Who registers needs a token that the operator has sent to him.",
        lacks=_OF_NEW_CLIENTS,
        parts=_registering_at(_ByInvitation),
        touches=_OF_CLIENTS,
    ),
    benign(
        "no-refresh-tokens",
        "A client is given no refresh token, and asks its user again when its access has ended.",
        lacks="OAUTH-11",
        parts=_without_refreshing,
        touches=_OF_CLIENTS,
    ),
    benign(
        "access-tokens-looked-up",
        "Access tokens of clients are random, and what each stands for is looked up.",
        sql=TABLE,
        parts=_looked_up,
        touches=_OF_CLIENTS | _OF_TOKENS,
    ),
)
