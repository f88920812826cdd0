"""What bends how access tokens of issuers are taken, how browsers log in, and how keys are had."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from reference_server.mutants.bending import of_kind, replaced
from reference_server.mutants.jwt.verifying import payload_of, validator_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reference_server.identity.access import IssuerAccessTokens
    from reference_server.identity.issuers import Issuer
    from reference_server.identity.login import OidcLogin
    from reference_server.parts import Parts
    from reference_server.sessions.validation import AuthValidation

    Change = Callable[[Parts], Parts]


def _issued_of(parts: Parts) -> IssuerAccessTokens:
    return cast("IssuerAccessTokens", validator_of(parts).issued)


def _login_of(parts: Parts) -> OidcLogin:
    return cast("OidcLogin", parts.identity.login)


def taking(kind: type[IssuerAccessTokens]) -> Change:
    """Return a change of parts that takes access tokens of issuers in another way."""

    def make(parts: Parts) -> AuthValidation:
        return replace(validator_of(parts), issued=of_kind(kind, _issued_of(parts)))

    return replaced({"tokens.validator": make})


def logging_in(kind: type[OidcLogin]) -> Change:
    """Return a change of parts by which browsers log in in another way."""
    return replaced({"identity.login": lambda parts: of_kind(kind, _login_of(parts))})


def with_issuer(kind: type[Issuer], *, tokens: bool = True, login: bool = True) -> Change:
    """Return a change of parts whose issuers are others, for tokens, for logins or both."""

    def make(parts: Parts) -> Parts:
        made = {
            name: kind(one.told, one.documents, parts.clock)
            for name, one in _issued_of(parts).issuers.items()
        }
        changes: dict[str, Callable[[Parts], Any]] = {}
        if tokens:
            changes["tokens.validator"] = lambda parts: replace(
                validator_of(parts), issued=replace(_issued_of(parts), issuers=made)
            )
        if login:
            changes["identity.login"] = lambda parts: replace(
                _login_of(parts), issuer=made[_login_of(parts).issuer.told.issuer]
            )
        return replaced(changes)(parts)

    return make


def claims_of(token: str) -> dict[str, Any]:
    """Return what a token claims, verified or not; empty where that is not to be read."""
    try:
        found: Any = json.loads(payload_of(token))
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def completed(payload: bytes, more: Mapping[str, Any]) -> bytes:
    """Return claims in which those that are absent have a value."""
    return json.dumps({**more, **json.loads(payload)}).encode()
