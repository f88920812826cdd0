"""Session ids that no session has, in the form of those that one has.

A server may refuse by its form what cannot be an id of its own, and say so; how it answers an id
that is merely unknown, only one in its own form can show.
"""

from __future__ import annotations

import secrets
import string
from typing import TYPE_CHECKING

from conformance.forge.objects import nobodys_text

if TYPE_CHECKING:
    from collections.abc import Sequence

_ENOUGH = 4
"""Characters changed at least: one session in so many that no server has them all."""
_KINDS = (string.digits, string.ascii_lowercase, string.ascii_uppercase)


def nobodys_session(known: Sequence[str]) -> str:
    """Return an id in the form of the known ones, which no session has as far as chance goes.

    What they have in common is kept, such as a label, and of the rest the greater part: a number
    stays within its range, and a UUID of its version. What is changed is drawn from the characters
    that are there already, so that an alphabet is kept as well. The last one stays, because only
    some characters may end base64.
    """
    real = known[0]
    start, end = _shared(known), len(real) - _shared([one[::-1] for one in known])
    for first, last in ((start, end), (0, len(real))):
        changed = range(first + 3 * (last - first) // 5, last - 1)
        drawn = _drawn_again(real, changed, "".join(one[first:last] for one in known))
        if drawn not in known:
            return drawn
    return nobodys_text(real)


def _shared(texts: Sequence[str]) -> int:
    """Return the number of characters with which all texts begin."""
    columns = zip(*texts, strict=False)
    return next((place for place, column in enumerate(columns) if len(set(column)) > 1), 0)


def _drawn_again(real: str, places: range, seen: str) -> str:
    """Return the text with some places drawn again; as it is, where few would change."""
    kinds = ["".join(set(kind).intersection(seen)) for kind in _KINDS]
    free = {
        place: kind for place in places for kind in kinds if real[place] in kind and len(kind) > 1
    }
    if len(free) < _ENOUGH:
        return real
    return "".join(
        secrets.choice(free[place]) if place in free else letter
        for place, letter in enumerate(real)
    )
