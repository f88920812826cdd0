"""What is to be signed, by whom: the one form in which the judge asks for tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Signer(StrEnum):
    """Whose key signs a token.

    A ``STRANGER`` is known to nobody and says that he is the issuer's key; ``UNKNOWN`` is the same
    under an id that no set has. ``NOBODY`` leaves the signature out (RFC 7515 appendix A.5), and
    ``PUBLIC`` takes the published key for a secret (RFC 8725 section 2.1). ``ADDED`` is the key
    that joined the set last, ``WITHDRAWN`` that which was taken out last. The last three stand in
    the key sets of the modes so called, and nowhere else (RFC 7518 sections 3.2 and 3.3, RFC 7517
    section 4.2).
    """

    OWN = "own"
    STRANGER = "stranger"
    UNKNOWN = "unknown"
    ADDED = "added"
    WITHDRAWN = "withdrawn"
    NOBODY = "nobody"
    PUBLIC = "public"
    SYMMETRIC = "symmetric"
    WEAK = "weak"
    ENCRYPTING = "encrypting"


class Mode(StrEnum):
    """How the documents are answered.

    ``ERROR`` is 503, ``CLOSED`` hangs up, ``SILENT`` never answers, ``GARBAGE`` is a page of HTML,
    ``EMPTY`` a set without keys, ``ENORMOUS`` one of megabytes, ``ENDLESS`` one that goes on.
    ``SYMMETRIC``, ``WEAK`` and ``ENCRYPTING`` have a key beside the right ones that must verify
    nothing; ``AMBIGUOUS`` has a stranger's under the id of a right one, before it. Beside the first
    three all documents but the key set are as ever.
    """

    RIGHT = "right"
    ERROR = "error"
    CLOSED = "closed"
    SILENT = "silent"
    GARBAGE = "garbage"
    EMPTY = "empty"
    ENORMOUS = "enormous"
    ENDLESS = "endless"
    SYMMETRIC = "symmetric"
    WEAK = "weak"
    ENCRYPTING = "encrypting"
    AMBIGUOUS = "ambiguous"


OUTAGES = frozenset({Mode.ERROR, Mode.CLOSED, Mode.SILENT})
"""Modes in which nothing is served at all."""


@dataclass(frozen=True)
class Recipe:
    """What is different about a token: members of header and claims, of which null removes one.

    ``algorithm`` is that of the issuer's key which signs, ``signer`` whose key it is.
    """

    header: Mapping[str, Any] = field(default_factory=dict[str, Any])
    claims: Mapping[str, Any] = field(default_factory=dict[str, Any])
    algorithm: str = "RS256"
    signer: Signer = Signer.OWN

    @classmethod
    def told(cls, document: Mapping[str, Any]) -> Recipe:
        """Return what a document tells; ValueError for one that nobody can follow."""
        if unknown := document.keys() - {"header", "claims", "algorithm", "signer"}:
            raise ValueError(f"unknown entry {min(unknown)}")
        header, claims = document.get("header", {}), document.get("claims", {})
        if not isinstance(header, dict) or not isinstance(claims, dict):
            raise ValueError("header and claims are tables")  # noqa: TRY004 -- one kind of error
        algorithm = str(document.get("algorithm", "RS256"))
        signer = Signer(document.get("signer", Signer.OWN))
        return cls({**header}, {**claims}, algorithm, signer)

    def document(self) -> dict[str, Any]:
        """Return what ``told`` reads."""
        return {
            "header": {**self.header},
            "claims": {**self.claims},
            "algorithm": self.algorithm,
            "signer": self.signer.value,
        }


def changed(own: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON object with members set, and those removed that are null (RFC 7396)."""
    merged = {**own, **changes}
    return {name: value for name, value in merged.items() if value is not None}
