"""Writes words of unknown origin into TOML, where they stay words (TOML 1.0, section String)."""

from __future__ import annotations

import unicodedata

LONGEST = 200
"""Characters of a value that are kept: what is longer is no name, and nobody reads it."""

_SHORT = {"\\": "\\\\", '"': '\\"'}
_LARGEST_OF_FOUR = 0xFFFF
_REPLACEMENT = "\ufffd"


def quoted(text: str, longest: int = LONGEST) -> str:
    """Return a basic string, on one line, in which nothing is invisible.

    The same form is safe in a comment and on a terminal: control characters, which end comments
    and move cursors, and characters that reverse or hide text are written as escapes. What TOML
    cannot hold at all, half a surrogate pair, becomes U+FFFD.
    """
    cut = text if len(text) <= longest else f"{text[:longest]}…"
    # Two hashes may begin a command of a CI system that logs what is printed (see plain.py).
    return '"' + "".join(map(_written, cut)).replace("##", r"#\u0023") + '"'


def _written(letter: str) -> str:
    if letter in _SHORT:
        return _SHORT[letter]
    if letter.isprintable():
        return letter
    if unicodedata.category(letter) == "Cs":
        return _REPLACEMENT
    code = ord(letter)
    return f"\\u{code:04X}" if code <= _LARGEST_OF_FOUR else f"\\U{code:08X}"
