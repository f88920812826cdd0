"""Words of one tenant's data, learned from what it is shown while nobody else asks.

A canary stands in one row. What else a tenant's answers hold, such as ids of other rows, is
learned: whatever stands in each of them, and in none of the other's. It accuses of nothing by
itself, since what a server shows may change: seen elsewhere, it must not be there either when all
is quiet again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORD = re.compile(r"(?<![\w.@-])[A-Za-z0-9][\w.@-]{6,62}[A-Za-z0-9](?![\w.@-])", re.ASCII)


def words_in(text: str) -> frozenset[str]:
    """Return the words of a text that look like the name of one thing: long, and with digits."""
    return frozenset(word for word in _WORD.findall(text) if _is_telling(word))


def own_words(own: Sequence[str], others: Sequence[str]) -> frozenset[str]:
    """Return the words that stand in each text of one's own, and in none of another's."""
    if not own:
        return frozenset()
    always = words_in(own[0])
    for text in own[1:]:
        always &= words_in(text)
    return always.difference(*map(words_in, others))


def _is_telling(word: str) -> bool:
    return any(map(str.isdigit, word)) and any(map(str.isalpha, word))
