"""Whether a word is found in a text that somebody else has written."""

from __future__ import annotations

import re

_SHORTEST = 6


def is_telling(word: str) -> bool:
    """Tell whether a word is too long to stand in a text by chance, as an id of one letter does."""
    return len(word) >= _SHORTEST


def stands_in(word: str, text: str) -> bool:
    """Tell whether a word stands in a text by itself, and not as a part of another."""
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None
