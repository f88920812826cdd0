"""A text spelt so that readers see the same and programs do not.

Unicode Technical Standard #39, section 4 (confusable detection), and section 5.2 of Unicode
Technical Report #36 for characters that nobody sees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CYRILLIC = str.maketrans("aceopxyijsABCEHIKMOPTX", "асеорхуіјѕАВСЕНІКМОРТХ")  # noqa: RUF001
_GREEK = str.maketrans("ovuAEIKMNOPTXZ", "ονυΑΕΙΚΜΝΟΡΤΧΖ")  # noqa: RUF001
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_BOLD_SMALL, _BOLD_LARGE = 0x1D41A, 0x1D400
_LETTERS = 26


def _bold() -> dict[int, int]:
    small = {ord("a") + place: _BOLD_SMALL + place for place in range(_LETTERS)}
    return small | {ord("A") + place: _BOLD_LARGE + place for place in range(_LETTERS)}


_MATHEMATICAL = _bold()


def _between(mark: str) -> Callable[[str], str]:
    """Return what puts a mark behind every second letter of each word."""

    def spell(text: str) -> str:
        return "".join(
            sign + (mark if sign.isalpha() and place % 2 else "") for place, sign in enumerate(text)
        )

    return spell


SPELLINGS: dict[str, Callable[[str], str]] = {
    "capital letters": str.upper,
    "Cyrillic letters": lambda text: text.translate(_CYRILLIC),
    "Greek letters": lambda text: text.translate(_GREEK),
    "fullwidth letters": lambda text: text.translate(_WIDE),
    "mathematical letters": lambda text: text.translate(_MATHEMATICAL),
    "digits for letters": lambda text: text.translate(str.maketrans("ol", "01")),
    "zero-width spaces": _between("\u200b"),
    "zero-width joiners": _between("\u200d"),
    "word joiners": _between("\u2060"),
    "soft hyphens": _between("\u00ad"),
    "invisible tags": _between("\U000e0061"),
    "combining grapheme joiners": _between("\u034f"),
    "combining dots": _between("\u0323"),
    "no-break spaces": lambda text: text.replace(" ", "\u00a0"),
    "several spaces": lambda text: text.replace(" ", " \n  "),
}
"""Ways to spell English text, by words for a sentence."""


def _split(text: str, between: str) -> str:
    """Return a text with something in the middle of each longer word."""
    words = text.split(" ")
    return " ".join(
        word if len(word) < len("word") else word[:2] + between + word[2:] for word in words
    )


MARKUP: dict[str, Callable[[str], str]] = {
    "elements in words": lambda text: _split(text, "<b></b>"),
    "comments in words": lambda text: _split(text, "<!-- a comment -->"),
    "hidden text in words": lambda text: _split(text, '<span style="display:none">no</span>'),
    "numeric references": lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    "references of soft hyphens": lambda text: _split(text, "&shy;"),
    "an element around each letter": lambda text: "".join(
        f"<i>{sign}</i>" if sign.isalpha() else sign for sign in text
    ),
}
"""Ways to write HTML that shows English text, by words for a sentence."""
