"""Ids of objects: such as are in an answer, and such as nobody has."""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING, Any, cast

from conformance.forge.keys import random_like

if TYPE_CHECKING:
    from collections.abc import Callable


def ids_in(value: Any, name: str) -> list[str]:
    """Return what stands in fields of a name, anywhere in a JSON value, as text."""
    if isinstance(value, dict):
        entries = cast("dict[str, Any]", value)
        own = [str(entries[name])] if name in entries else []
        return own + [found for inner in entries.values() for found in ids_in(inner, name)]
    if isinstance(value, list):
        return [found for inner in cast("list[Any]", value) for found in ids_in(inner, name)]
    return []


def nobodys_id(real: str) -> str:
    """Return an id of the same form that no object has, as far as chance goes."""
    try:
        return str(uuid.uuid4()) if str(uuid.UUID(real)) == real.lower() else random_like(real)
    except ValueError:
        pass
    if real.isdecimal():
        return str(10 ** (len(real) + 1) + secrets.randbelow(10 ** len(real)))
    return random_like(real)


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
