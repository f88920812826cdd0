"""The types of a token's claims (RFC 7519 section 4), as they are on arrival."""

from __future__ import annotations

from typing import Annotated, cast

from pydantic import BeforeValidator, Field

LONGEST = 255
"""Characters of a claim."""
LAST = 253_402_300_799
"""The last second of the year 9999, after which no calendar of ours goes."""
_MOST = 64


def _words(value: object) -> object:
    """Return the words of a text; what is none is left for the type to refuse."""
    return frozenset(value.split()) if isinstance(value, str) else value


def _texts(value: object) -> object:
    """Return a set of texts, given one or a list; what is neither is left to be refused."""
    if isinstance(value, str):
        return frozenset({value})
    if not isinstance(value, list):
        return value
    found = cast("list[object]", value)
    return frozenset(found) if all(isinstance(one, str) for one in found) else None


Text = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Texts = Annotated[frozenset[Text], BeforeValidator(_texts), Field(max_length=_MOST)]
Words = Annotated[frozenset[Text], BeforeValidator(_words), Field(max_length=_MOST)]
