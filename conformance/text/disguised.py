"""Whether a text shows a word, as it is or in a spelling that anybody can undo.

What leaks is seldom encoded on purpose: a cursor, a token or a cached row is base64 or hex of what
the server holds.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from urllib.parse import quote

_SHORTEST = 6
"""Characters of a spelling that do not stand in a text by chance."""


def shows(word: str, text: str) -> bool:
    """Tell whether a text shows a word in any spelling."""
    return any(spelling in text for spelling in spellings(word))


@lru_cache(maxsize=64)
def spellings(word: str) -> tuple[str, ...]:
    """Return a word as it is, percent-encoded, escaped as in JSON, in hex and in base64.

    Base64 (RFC 4648 sections 4 and 5) depends on where in a longer text the word begins: there are
    three spellings, without the letters that its neighbours have a part in.
    """
    raw = word.encode()
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in word)
    more = [quote(word, safe=""), escaped, raw.hex(), raw.hex().upper(), word[::-1]]
    for before in range(3):
        letters = base64.b64encode(bytes(before) + raw).decode().rstrip("=")
        first = -(-before * 8 // 6)
        whole = (before + len(raw)) * 8 // 6
        inner = letters[first:whole]
        more += [inner, inner.replace("+", "-").replace("/", "_")]
    return tuple(dict.fromkeys([word, *(one for one in more if len(one) >= _SHORTEST)]))
