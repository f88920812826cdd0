"""Calls that are legal, and as costly as a server may let one be: by size, form and words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WORDS = {
    "plain letters": "a",
    "names of secrets": "api ",
    "a word and blanks": "password" + " " * 40,
    "beginnings of tokens": "Bearer ",
    "escapes": "\\",
    "letters of other scripts": "\u017f\u0130",
    "quotes and line ends": "\"'\n",
    "digits and points": "1.",
}
"""What a text is made of, over and over: what patterns, parsers and encoders stumble over."""


def texts(size: int) -> Iterator[tuple[str, str]]:
    """Yield texts of about ``size`` bytes as JSON has them, by what they are made of."""
    for what, word in WORDS.items():
        yield what, word * (size // (len(json.dumps(word)) - 2))


_STRUCTURES: dict[str, Callable[[int], Any]] = {
    "many members": lambda count: {f"a{number}": 1 for number in range(count)},
    "members of one beginning": lambda count: {"a" * 200 + str(n): n for n in range(count)},
    "many items": lambda count: [1] * count,
    "many texts": lambda count: ["token=x"] * count,
    "many objects": lambda count: [{"secret": "a"}] * count,
}
"""What an argument may be instead, of so many parts."""
_LONGEST_NUMBER = 4000
"""Digits: of more, some parsers take none."""


def structures(size: int) -> Iterator[tuple[str, Any]]:
    """Yield values of at most about ``size`` bytes as JSON has them, by what they are made of."""
    for what, make in _STRUCTURES.items():
        yield what, make(_fitting(make, size))
    yield "one long number", int("7" * min(size, _LONGEST_NUMBER))


def _fitting(make: Callable[[int], Any], size: int) -> int:
    """Return how many parts a value may have: the later ones are the longest."""
    some = min(1000, size)
    longest = len(json.dumps(make(10 * some))) - len(json.dumps(make(10 * some - some)))
    return size * some // (longest + 2 * some)


def nested(depth: int) -> Any:
    """Return a list of lists, so deep."""
    found: Any = []
    for _ in range(depth):
        found = [found]
    return found
