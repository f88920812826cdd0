"""What a text looks like: its skeleton by Unicode Technical Standard #39, section 4."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("confusables.txt")
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\uffa0\ufe00-\ufe0f"
    "\U000e0000-\U000e0fff]"
)
"""Default-ignorable code points (DerivedCoreProperties.txt) that are not of the category Cf."""
_IGNORED = frozenset({"Cf", "Mn", "Me"})
"""Characters without a width of their own: joiners, marks on letters."""
_BLANKS = re.compile(r"\s+")
_APART = re.compile(r"\b(?:[a-z0-9][ .*_-]{1,2}){3,}[a-z0-9]\b")
_LEET = str.maketrans("@345$7!", "aeassti")
_IN_A_WORD = re.compile(r"(?<=[a-z])[@345$7!]+(?=[a-z])")


@cache
def _prototypes() -> dict[int, str]:
    """Return the prototype of each character that looks like some of ASCII."""
    found = dict[int, str]()
    for line in TABLE.read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        source, _, prototype = line.partition(";")
        found[int(source, 16)] = "".join(chr(int(one, 16)) for one in prototype.split())
    return found


def plain(text: str) -> str:
    """Return a text without what nobody sees: ignorable characters and marks on letters."""
    decomposed = unicodedata.normalize("NFKD", _INVISIBLE.sub("", text))
    return "".join(sign for sign in decomposed if unicodedata.category(sign) not in _IGNORED)


def skeleton(text: str) -> str:
    """Return what a plain text looks like: texts that look alike have the same skeleton."""
    return text.translate(_prototypes())


def readings(text: str) -> tuple[str, ...]:
    """Return what a reader may take a text for, as skeletons in small letters, blanks joined.

    A capital I looks like a small l, and is read as an i: both are among them.
    """
    seen = plain(text)
    small = (skeleton(seen).casefold(), skeleton(seen.casefold()).casefold())
    joined = [_BLANKS.sub(" ", one) for one in small]
    more = [_IN_A_WORD.sub(_as_letters, one) for one in joined]
    more += [_APART.sub(_closed, one) for one in joined]
    return tuple(dict.fromkeys((*joined, *more)))


def _as_letters(found: re.Match[str]) -> str:
    return found[0].translate(_LEET)


def _closed(found: re.Match[str]) -> str:
    return re.sub(r"[ .*_-]", "", found[0])
