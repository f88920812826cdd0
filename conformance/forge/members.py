"""Messages whose members stand twice, or under a name in other letters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from conformance.forge.params import message_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.forge.requests import Request

    Place = tuple[str, ...]
    Members = Iterable[tuple[str, Any]]

_FOLDED = {"s": "\u017f", "k": "\u212a"}
"""Characters that a comparison by simple case folding takes for these letters (CaseFolding.txt)."""


def spellings(name: str) -> tuple[str, ...]:
    """Return a name in other letters: capitals, one capital, and what only folding makes alike."""
    found = [name.upper(), name.capitalize()]
    found += [name.replace(letter, other) for letter, other in _FOLDED.items() if letter in name]
    return tuple(found)


def value_at(request: Request, place: Place) -> Any:
    """Return what stands at a place of a request's message."""
    found: Any = message_of(request)
    for name in place:
        found = cast("dict[str, Any]", found)[name]
    return found


def with_members(request: Request, place: Place, members: Members) -> Request:
    """Return a request with other members where one stood, in their order; names may repeat."""
    return request.but(body=_written(message_of(request), place, list(members)).encode())


def _written(value: dict[str, Any], place: Place, members: list[tuple[str, Any]]) -> str:
    name, *below = place
    parts: list[str] = []
    for key, one in value.items():
        if key != name:
            parts.append(_pair(key, json.dumps(one)))
        elif below:
            parts.append(_pair(key, _written(one, tuple(below), members)))
        else:
            parts += [_pair(other, json.dumps(new)) for other, new in members]
    return "{" + ", ".join(parts) + "}"


def _pair(name: str, written: str) -> str:
    return f"{json.dumps(name, ensure_ascii=False)}: {written}"
