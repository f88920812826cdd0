"""Session ids seen side by side: how much of them is random."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def random_bits(ids: Sequence[str]) -> tuple[float, float]:
    """Return about how many bits vary: the least that can be said of the ids, and the most.

    An id need not have one length: numbers lose their leading zeros, labels grow. So the ids are
    laid side by side from the left and from the right, and what is longer than the shortest is cut
    off. Text of many lengths varies at each place by being shifted alone, so that the two may
    differ.
    """
    # A letter's case tells something only where ids are written in both.
    alike = ids if _are_in_both_cases(ids) else [identity.lower() for identity in ids]
    found = (_varying_bits(alike), _varying_bits([identity[::-1] for identity in alike]))
    return min(found), max(found)


def _are_in_both_cases(ids: Sequence[str]) -> bool:
    """Tell whether most ids have letters of both cases, as those in base 58 and 64 do."""
    return 2 * sum(one not in {one.lower(), one.upper()} for one in ids) > len(ids)


def _varying_bits(ids: Sequence[str]) -> float:
    columns = [set(column) for column in zip(*ids, strict=False)]
    # What is the same in all ids is no part of the alphabet that they are drawn from.
    alphabet = len(set[str]().union(*(column for column in columns if len(column) > 1)))
    enough = min(len(ids) // 3 + 1, max(2, alphabet))
    varying = sum(len(column) >= enough for column in columns)
    return varying * math.log2(max(2, alphabet))
