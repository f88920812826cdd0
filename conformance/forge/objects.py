"""Ids of objects: such as are in an answer, and such as nobody has."""

from __future__ import annotations

import re
import secrets
import uuid
from typing import TYPE_CHECKING, Any

from conformance.forge.keys import random_like
from conformance.text.nested import properties

if TYPE_CHECKING:
    from collections.abc import Callable

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HEXADECIMAL = re.compile(r"[0-9a-f]{16,}|[0-9A-F]{16,}")
"""Text that is no word by chance."""


Identity = str | int
"""An id in the JSON type that it was listed with: a server may take no other."""
_LARGEST = 2**31 - 1
_FEW = 1_000_000
"""So many of the largest numbers of 32 bits are nobody's: ids are counted from below."""
_COUNTED = 9
"""Digits of a number that 32 bits hold."""


def ids_in(value: Any, name: str) -> list[Identity]:
    """Return what stands in fields of a name, anywhere in a JSON value; numbers stay numbers."""
    return [_identity(found) for path, found in properties(value) if path[-1] == name]


def _identity(found: Any) -> Identity:
    return found if isinstance(found, int) and not isinstance(found, bool) else str(found)


def nobodys_id(real: Identity) -> Identity:
    """Return an id of the same type and form that no object has, as far as chance goes."""
    if isinstance(real, int):
        return _LARGEST - secrets.randbelow(_FEW) if real < _LARGEST - _FEW else 2 * real + 1
    return nobodys_text(real)


def nobodys_text(real: str) -> str:
    """Return text in the form of an id that no object has, as far as chance goes."""
    if real.isdecimal() and len(real) <= _COUNTED:
        return str(_LARGEST - secrets.randbelow(_FEW))
    if _UUID.fullmatch(real):
        return str(uuid.uuid4())
    if real.isdecimal():
        return str(10 ** (len(real) + 1) + secrets.randbelow(10 ** len(real)))
    if _HEXADECIMAL.fullmatch(real):
        drawn = uuid.uuid4().hex if len(real) == len(uuid.uuid4().hex) else _hexadecimal(len(real))
        return drawn.upper() if real.isupper() else drawn
    return random_like(real)


def _hexadecimal(length: int) -> str:
    return secrets.token_hex(length)[:length]


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in capitals": str.upper,
    "in braces": lambda text: f"{{{text}}}",
    "without hyphens": lambda text: text.replace("-", ""),
    "as a URN": lambda text: f"urn:uuid:{text}",
    "with a space": lambda text: f" {text}",
    "with a newline": lambda text: f"{text}\n",
}
"""Ways to write an id, of which a server may take some and refuse others."""


def spellings(real: Identity) -> dict[str, Callable[[Any], Any]]:
    """Return the ways to write an id of this type, the one that it was listed with first."""
    if isinstance(real, str):
        return {**SPELLINGS}
    return {"as it is": int, "as text": str, "with a point": float}
