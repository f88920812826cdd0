"""What a valid token is like: its parts, its header, its claims, and how both are written."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from conformance.text.tokens import decoded, is_token, part_of


def written(value: Any) -> bytes:
    """Return a JSON value in its shortest form."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass(frozen=True)
class Token:
    """A token in compact form. Raises ValueError for text that is none."""

    text: str = field(repr=False)

    def __post_init__(self) -> None:
        if not is_token(self.text):
            raise ValueError("is no signed token (JWT)")

    @property
    def parts(self) -> tuple[str, str, str]:
        """Header, claims and signature, as they are written."""
        header, claims, signature = self.text.split(".")
        return header, claims, signature

    @property
    def header(self) -> dict[str, Any]:
        """The header's parameters, in their order."""
        return part_of(self.parts[0])

    @property
    def claims(self) -> dict[str, Any]:
        """The claims, in their order."""
        return part_of(self.parts[1])

    @property
    def signature(self) -> bytes:
        """The signature."""
        return decoded(self.parts[2])

    @property
    def signed(self) -> bytes:
        """What the signature is of (RFC 7515 section 5.1)."""
        return ".".join(self.parts[:2]).encode()

    @property
    def algorithm(self) -> str:
        """The name of the algorithm, as the header has it."""
        return str(self.header["alg"])


def spare_bits(text: str) -> int:
    """Return how many bits of the last character of base64 mean nothing (RFC 4648 section 3.5)."""
    return {2: 4, 3: 2}.get(len(text) % 4, 0)


def is_good_at(text: str, moment: float) -> bool:
    """Tell whether a text is a token that has not run out at a time; one without an end has not."""
    if not is_token(text):
        return False
    end = Token(text).claims.get("exp")
    return not isinstance(end, (int, float)) or end > moment
