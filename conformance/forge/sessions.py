"""Session ids that no session has, in the form of those that one has.

A server may refuse by its form what cannot be an id of its own, and say so; how it answers an id
that is merely unknown, only one in its own form can show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.forge.objects import FORM_OF_UUIDS, drawn_again, is_uuid, nobodys_text, shared

if TYPE_CHECKING:
    from collections.abc import Sequence


def nobodys_session(known: Sequence[str]) -> str:
    """Return an id in the form of the known ones, which no session has as far as chance goes.

    What they have in common is kept, such as a label, and of the rest the greater part: a number
    stays within its range, and a UUID of its version. What is changed is drawn from the characters
    that are there already, so that an alphabet is kept as well. The last one stays, because only
    some characters may end base64.
    """
    real = known[0]
    start, end = shared(known), len(real) - shared([one[::-1] for one in known])
    for first, last in ((start, end), (0, len(real))):
        kept = FORM_OF_UUIDS if is_uuid(real) else ()
        places = range(first + 3 * (last - first) // 5, last - 1)
        changed = [place for place in places if place not in kept]
        drawn = drawn_again(real, changed, "".join(one[first:last] for one in known))
        if drawn not in known:
            return drawn
    return nobodys_text(real)
