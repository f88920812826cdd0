"""Tokens that carry claims (RFC 7519), with claims exchanged and a signature of nobody's."""

from __future__ import annotations

import json
from typing import Any

from conformance.forge.keys import unknown_like
from conformance.forge.objects import nobodys_text
from conformance.text.tokens import encoded, is_token, part_of

_BY_PRIVATE_KEY = ("RS", "PS", "ES", "Ed")
"""How the names of algorithms begin that sign with a key of which the other half is public."""
_TIMES = ("exp", "nbf", "iat", "auth_time")
_OF_NO_HOLDER = frozenset(
    {"iss", "aud", "azp", "client_id", "scope", "scp", "typ", "token_use", "ver", "acr"}
)
"""Claims of which a server knows the few values that it takes."""


def is_verifiable_by_anyone(credential: str) -> bool:
    """Tell whether a credential is a token whose signature anybody can verify."""
    algorithm = _part(credential, 0).get("alg") if is_token(credential) else None
    return isinstance(algorithm, str) and algorithm.startswith(_BY_PRIVATE_KEY)


def signed_by_nobody(token: str, *, at_the_time_of: str) -> str:
    """Return a token's claims, with the times of another's, under a signature of nobody's."""
    other = _part(at_the_time_of, 1)
    claims = {name: value for name, value in _part(token, 1).items() if name not in _TIMES}
    times = {name: other[name] for name in _TIMES if name in other}
    return _with_claims(at_the_time_of, {**claims, **times})


def of_nobody(token: str) -> str:
    """Return a token of somebody who does not exist, under a signature of nobody's."""
    claims = {
        name: nobodys_text(value) if _names_a_holder(name, value) else value
        for name, value in _part(token, 1).items()
    }
    return _with_claims(token, claims)


def _names_a_holder(name: str, value: object) -> bool:
    return isinstance(value, str) and bool(value) and name not in _OF_NO_HOLDER


def _with_claims(token: str, claims: dict[str, Any]) -> str:
    head, _, signature = token.split(".")
    text = json.dumps(claims, separators=(",", ":")).encode()
    return unknown_like(f"{head}.{encoded(text)}.{signature}")


def _part(token: str, place: int) -> dict[str, Any]:
    """Return the header or the claims; empty where they cannot be read."""
    return part_of(token.split(".")[place])
