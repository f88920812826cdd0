"""Ids of objects: such as are in an answer, and such as nobody has."""

from __future__ import annotations

import re
import secrets
import string
import uuid
from typing import TYPE_CHECKING, Any

from conformance.forge.keys import random_like
from conformance.text.nested import properties

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
FORM_OF_UUIDS = (14, 19)
"""Where a UUID with hyphens tells its version and its variant (RFC 9562 section 4)."""
_HEXADECIMAL = re.compile(r"[0-9a-f]{16,}|[0-9A-F]{16,}")
"""Text that is no word by chance."""


Identity = str | int
"""An id in the JSON type that it was listed with: a server may take no other."""
_COUNTED = 9
"""Digits of a number that ids may be counted up to: those of more are drawn, or hold a time."""
_FEWEST = 4
"""Digits of a number, so that one that nobody has is not a neighbour of the last that was given."""
_CHANGED = 4
"""Characters drawn again at least: one object in so many that no server has them all."""
_KINDS = (string.digits, string.ascii_lowercase, string.ascii_uppercase)
_LABEL = re.compile(r"[A-Za-z]+[_.:/-]")
"""What many ids of text begin with, as ``inv_``."""
_DRAWN_UUID = 4
_HEAD = len("01234567-0123-7123-8")
"""Characters of a UUID up to its variant; in most versions they hold a time."""


def ids_in(value: Any, name: str) -> list[Identity]:
    """Return what stands in fields of a name, anywhere in a JSON value; numbers stay numbers."""
    return [_identity(found) for path, found in properties(value) if path[-1] == name]


def _identity(found: Any) -> Identity:
    return found if isinstance(found, int) and not isinstance(found, bool) else str(found)


def nobodys_id(real: Identity, known: Iterable[Identity] = ()) -> Identity:
    """Return an id of the same type and form that no object has, as far as chance goes.

    ``known`` are other ids of such objects, from which a form is learned.
    """
    if isinstance(real, int):
        return _uncounted(real) if real >= 0 else -_uncounted(-real)
    return nobodys_text(real, [one for one in known if isinstance(one, str)])


def is_uuid(text: str) -> bool:
    """Tell whether a text is a UUID in its form with hyphens."""
    return bool(_UUID.fullmatch(text))


def nobodys_text(real: str, known: Iterable[str] = ()) -> str:
    """Return text in the form of an id that no object has, as far as chance goes."""
    if real.isascii() and real.isdecimal():
        padded = 10 ** len(real)
        is_padded = real.startswith("0") and len(real) > 1
        drawn = padded - 1 - secrets.randbelow(padded // 10) if is_padded else None
        return str(_uncounted(int(real)) if drawn is None else drawn)
    if is_uuid(real):
        return _nobodys_uuid(real)
    if _HEXADECIMAL.fullmatch(real):
        drawn = uuid.uuid4().hex if len(real) == len(uuid.uuid4().hex) else _hexadecimal(len(real))
        return drawn.upper() if real.isupper() else drawn
    return _in_the_form_of(real, [one for one in known if one != real])


def _uncounted(real: int) -> int:
    """Return a number with as many digits, if there is room, beyond those that are counted.

    Of a long one the first half stays, which may hold a time.
    """
    digits = max(len(str(real)), _FEWEST)
    top = 10**digits
    if digits > _COUNTED:
        unit = 10 ** (digits - digits // 2)
        return real - real % unit + (real % unit + 1 + secrets.randbelow(unit - 1)) % unit
    if real < top * 4 // 5:
        return top - 1 - secrets.randbelow(top // 10)
    return real + real // 2 + secrets.randbelow(real // 4)


def _nobodys_uuid(real: str) -> str:
    """Return a UUID of the same version, and of the same time where it holds one."""
    drawn = str(uuid.uuid4())
    if uuid.UUID(real).version != _DRAWN_UUID:
        drawn = real[:_HEAD] + drawn[_HEAD:]
    return drawn.upper() if real.isupper() else drawn


def _in_the_form_of(real: str, known: list[str]) -> str:
    """Return text with the same label, and characters of the same kinds in the same places."""
    everything = [real, *known]
    label = _LABEL.match(real)
    whole = (label.end() if label else 0, len(real))
    between = (shared(everything), len(real) - shared([one[::-1] for one in everything]))
    for first, last in (between, whole) if known else (whole,):
        drawn = drawn_again(real, range(first, last), "".join(everything))
        if drawn not in everything:
            return drawn
    return random_like(real)


def shared(texts: Sequence[str]) -> int:
    """Return the number of characters with which all texts begin."""
    columns = zip(*texts, strict=False)
    return next((place for place, column in enumerate(columns) if len(set(column)) > 1), 0)


def drawn_again(real: str, places: Iterable[int], seen: str) -> str:
    """Return the text with some places drawn again from what was ``seen``, each of its own kind.

    As it is, where few would change.
    """
    kinds = ["".join(set(kind).intersection(seen)) for kind in _KINDS]
    free = {
        place: kind for place in places for kind in kinds if real[place] in kind and len(kind) > 1
    }
    if len(free) < _CHANGED:
        return real
    return "".join(
        secrets.choice(free[place]) if place in free else letter
        for place, letter in enumerate(real)
    )


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
