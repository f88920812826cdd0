"""Makes text of unknown origin safe to show, before any renderer sees it.

What a server answered ends up in every document. Escaping markup is each renderer's own duty; what
no format can escape is made visible here, once: terminal escapes, characters that XML forbids, and
those that reverse or hide what a reader sees.
"""

from __future__ import annotations

import unicodedata

_PICTURES = 0x2400
_DELETE = "\x7f"
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})


def printable(text: str) -> str:
    """Return the text with every invisible character but newline and tab replaced by a visible one.

    ESC becomes ``␛``; what has no picture of its own becomes its code point, as in ``⟨U+202E⟩``.
    The result can be encoded as UTF-8 and is allowed in XML.
    """
    if text.isprintable():
        return text
    return "".join(_shown(letter) for letter in text.replace("\r\n", "\n"))


def single_line(text: str) -> str:
    """Return ``printable(text)`` with line ends and tabs made visible too."""
    return printable(text).replace("\n", "␊").replace("\t", "␉")


def _shown(letter: str) -> str:
    if letter in "\n\t" or unicodedata.category(letter) not in _INVISIBLE:
        return letter
    if letter < " ":
        return chr(_PICTURES + ord(letter))
    return "␡" if letter == _DELETE else f"⟨U+{ord(letter):04X}⟩"
