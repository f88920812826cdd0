"""Makes text of unknown origin safe on a terminal, and in the log of a CI system.

Both obey some of what they are given. GitHub's runner takes ``##[name]`` anywhere in a line, and
``::name`` at its start, for a command, Azure Pipelines ``##vso[name]`` anywhere: they mask words,
set variables and paths, mark steps as failed. A target decides what stands in its answers.
"""

from __future__ import annotations

import re
import unicodedata

_LINE = 300
# Which commands there are is not looked at: an older or a newer runner may know others.
_HASHES = re.compile(r"#(?=#\w*\[)")
_COLONS = re.compile(r"((?:^|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029])\s*:)(?=:)")


def powerless(text: str) -> str:
    """Return the text with a space in each mark of a command: ``# #[name]``, ``: :name``.

    Whatever removes letters from a text must come first: it may join such a mark.
    """
    return _COLONS.sub(r"\1 ", _HASHES.sub("# ", text))


def flat(text: str) -> str:
    """Return the text on one line, bounded, with nothing a terminal or a CI system would obey."""
    shown = "".join(
        " " if letter.isspace() else letter
        for letter in text
        if letter.isspace() or unicodedata.category(letter)[0] != "C"
    )
    shown = powerless(" ".join(shown.split()))
    return shown if len(shown) <= _LINE else f"{shown[:_LINE]}…"


def fitted(text: str, columns: int) -> str:
    """Return the text in at most so many columns, with an ellipsis for what is left out."""
    return text if len(text) <= columns else f"{text[: max(0, columns - 1)]}…"
