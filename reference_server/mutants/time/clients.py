"""Defects that show in the time of a token endpoint alone: every answer is the right one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reference_server.mutants.bending import Beside, mutant
from reference_server.mutants.oauth.authorizing import clients_as, granting
from reference_server.mutants.time.refusals import busy, compare
from reference_server.oauth.clients import Client

if TYPE_CHECKING:
    from reference_server.core.principal import Principal
    from reference_server.oauth.contracts import Exchange, Grant, Wish

_A_CHARACTER = 8.0
"""Microseconds, as of a comparison in a language that is slow at it."""
_ROUNDS = 600
_A_QUERY = 200.0
"""Microseconds, as of one more."""


@dataclass(frozen=True)
class _Stretched(Client):
    """Has a secret that is digested slowly, as a password is."""

    def check_client_secret(self, client_secret: str) -> bool:
        hashlib.pbkdf2_hmac("sha256", client_secret.encode(), b"salt", _ROUNDS)
        return super().check_client_secret(client_secret)


@dataclass(frozen=True)
class _Counted(Client):
    """Has its failures counted."""

    def check_client_secret(self, client_secret: str) -> bool:
        is_right = super().check_client_secret(client_secret)
        busy(0 if is_right else _A_QUERY)
        return is_right


_right: dict[str, str] = {}
"""The secrets that were right, by client."""


@dataclass(frozen=True)
class _ByCharacter(Client):
    """Has a secret that is compared until the two differ."""

    def check_client_secret(self, client_secret: str) -> bool:
        compare(client_secret, _right.get(self.id, ""), _A_CHARACTER)
        is_right = super().check_client_secret(client_secret)
        if is_right:
            _right[self.id] = client_secret
        return is_right


class _Compared(Beside):
    """Compares what is presented with all that was given, until the two differ."""

    def __init__(self, real: Any) -> None:
        super().__init__(real)
        self.given: set[str] = set()

    def compare(self, presented: str) -> None:
        for one in self.given:
            compare(presented, one, _A_CHARACTER)


class _CodesCompared(_Compared):
    def give(self, principal: Principal, wish: Wish) -> str:
        code: str = self.real.give(principal, wish)
        self.given.add(code)
        return code

    def find_code(self, code: str) -> Grant | None:
        self.compare(code)
        return self.real.find_code(code)


class _TokensCompared(_Compared):
    def rotate(self, token: str, successor: str) -> Principal | Exchange:
        self.given.add(successor)
        return self.real.rotate(token, successor)

    def find_refresh_token(self, token: str) -> Grant | None:
        self.compare(token)
        return self.real.find_refresh_token(token)


MUTANTS = (
    mutant(
        "secrets-of-known-clients-stretched",
        "TIME-06-b",
        "A client's secret is digested with a slow hash, and nothing is where there is no client.",
        parts=clients_as(_Stretched),
    ),
    mutant(
        "failures-of-known-clients-counted",
        "TIME-06-b",
        "A wrong secret costs a query more where it is a client's, to count its failures.",
        parts=clients_as(_Counted),
    ),
    mutant(
        "client-secrets-compared-by-character",
        "TIME-08",
        "A client's secret is compared until the first character that differs.",
        parts=clients_as(_ByCharacter),
    ),
    mutant(
        "codes-compared-by-character",
        "TIME-08",
        "Codes are compared with those that were given until the first character that differs.",
        parts=granting(_CodesCompared),
    ),
    mutant(
        "refresh-tokens-compared-by-character",
        "TIME-08",
        "Refresh tokens are compared with known ones until the first character that differs.",
        parts=granting(_TokensCompared),
    ),
)
