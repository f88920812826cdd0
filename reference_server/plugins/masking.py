"""Takes credentials out of what a tool's process answers, whichever common form they have there.

Masked in place are a credential as it is and in any letter case, twelve characters of it in a row,
and all of it in base64 and base64url (RFC 4648 sections 4 and 5, wherever it begins), hex,
percent-encoded (RFC 3986), escaped as in JSON (RFC 8259 section 7), HTML's numeric references, and
reversed. What spells one out in pieces, with other signs or the ends of blocks in between, cannot
be masked in place: it is withheld. A program that wants to leak finds another form (it may
compress, or tell a letter a call): this is for mistakes, such as an error that quotes the request.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MASK = "[CREDENTIAL]"
PART = 12
"""Characters of a credential in a row that are masked by themselves."""
_SIGNS = re.compile(r"[^0-9A-Za-z]+")


def mask(value: Any, credentials: Sequence[str]) -> Any:
    """Return a JSON value without credentials, in its names and its texts."""
    known = tuple(credentials)
    if not known:
        return value
    return _mapped(value, known)


def is_withheld(value: Any, credentials: Sequence[str]) -> bool:
    """Tell whether the texts of a value, run together without other signs, spell one out.

    ``value`` is what was answered, unmasked; what is masked in place is no reason to withhold it.
    """
    known = tuple(credentials)
    if not known:
        return False
    kept = (_forms(known).sub(MASK, text) for text in _texts(value))
    run = _SIGNS.sub("", "".join(kept)).lower()
    squeezed = [_SIGNS.sub("", one).lower() for one in credentials]
    return any(one in run or one[::-1] in run for one in squeezed if len(one) >= PART)


def _mapped(value: Any, known: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        return mask_text(value, known)
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {mask_text(name, known): _mapped(item, known) for name, item in items}
    if isinstance(value, list | tuple):
        return [_mapped(item, known) for item in cast("Sequence[Any]", value)]
    return value


def mask_text(text: str, known: tuple[str, ...]) -> str:
    """Return a text without credentials."""
    return _without_parts(_forms(known).sub(MASK, text), known)


@lru_cache(maxsize=64)
def _forms(known: tuple[str, ...]) -> re.Pattern[str]:
    """Return what finds every form of some credentials, the longest first."""
    forms = sorted(set(chain.from_iterable(map(_spellings, known))), key=len, reverse=True)
    return re.compile("|".join(forms))


def _spellings(credential: str) -> Iterator[str]:
    """Yield a pattern for each form; letters in any case where the form has none of its own."""
    raw = credential.encode()
    yield f"(?i:{re.escape(credential)})"
    yield f"(?i:{re.escape(credential[::-1])})"
    yield f"(?i:{re.escape(quote(credential, safe=''))})"
    yield f"(?i:{'[ :,]?'.join(f'(?:0x)?{byte:02x}' for byte in raw)})"
    yield f"(?i:{''.join(_letter(one) for one in credential)})"
    for letters in _base64(raw):
        yield re.escape(letters)


def _letter(letter: str) -> str:
    """Return a pattern for a letter as it is, or escaped in a URL, in JSON, or in HTML."""
    percent = "".join(f"%{byte:02x}" for byte in letter.encode())
    json_escape = "".join(rf"\\+u{int.from_bytes(unit):04x}" for unit in _units(letter))
    html = f"&#(?:0*{ord(letter)}|x0*{ord(letter):x});"
    return f"(?:{re.escape(letter)}|{percent}|{json_escape}|{html})"


def _units(letter: str) -> Iterator[bytes]:
    data = letter.encode("utf-16-be")
    yield from (data[at : at + 2] for at in range(0, len(data), 2))


def _base64(raw: bytes) -> Iterator[str]:
    """Yield the letters that are the credential's alone, for each place where it may begin."""
    for before in range(3):
        letters = base64.b64encode(bytes(before) + raw).decode().rstrip("=")
        own = letters[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        yield own
        yield own.replace("+", "-").replace("/", "_")


@lru_cache(maxsize=64)
def _parts(known: tuple[str, ...]) -> frozenset[str]:
    return frozenset(one[at : at + PART] for one in known for at in range(len(one) - PART + 1))


def _without_parts(text: str, known: tuple[str, ...]) -> str:
    """Return a text without the longer parts of credentials that somebody has cut off."""
    parts, last = _parts(known), len(text) - PART
    if parts.isdisjoint(text[at : at + PART] for at in range(last + 1)):
        return text
    kept: list[str] = []
    at = start = 0
    while at <= last:
        if text[at : at + PART] not in parts:
            at += 1
            continue
        end = at + PART
        while text[end - PART + 1 : end + 1] in parts:
            end += 1
        kept += [text[start:at], MASK]
        start = at = end
    return "".join([*kept, text[start:]])


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in cast("dict[str, Any]", value).items():
            if name not in _FIXED:
                yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in cast("Sequence[Any]", value):
            yield from _texts(item)


_FIXED = frozenset({"type", "mimeType", "isError", "resultType", "_meta"})
"""Entries of a result that stand between the texts of two blocks, and are nobody's text."""
