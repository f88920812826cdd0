"""A defect of how signatures of tokens are compared: every answer is the right one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from reference_server.mutants.bending import mutant
from reference_server.mutants.jwt.claims import validating
from reference_server.mutants.jwt.forgeries import bytes_of
from reference_server.mutants.time.refusals import busy

if TYPE_CHECKING:
    from reference_server.parts import Parts
    from reference_server.sessions.issue import SqlSessionIssuer

_A_CHARACTER = 5.0
"""Microseconds, as of a comparison in a language that is slow at it."""


class ByCharacter:
    """Compares a signature from the left, and stops where it differs."""

    def __init__(self, parts: Parts) -> None:
        self._real = cast("SqlSessionIssuer", parts.tokens.issuer).tokens

    def open(self, token: str) -> bytes | None:
        """Return the payload of a token that was signed here."""
        head, _, signature = token.rpartition(".")
        try:
            own = self._real.sign(json.loads(bytes_of(head.rpartition(".")[2])))
        except ValueError:
            own = ""
        for one, right in zip(signature, own.rpartition(".")[2], strict=False):
            if one != right:
                break
            busy(_A_CHARACTER)
        return self._real.open(token)


MUTANTS = (
    mutant(
        "signature-compared-by-character",
        "TIME-07",
        "The comparison of a signature ends where the two differ.",
        parts=validating(ByCharacter),
    ),
)
