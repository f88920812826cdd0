"""States that a caller was given to keep, changed as by somebody who wants more than his own."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any, cast

from conformance.forge.objects import nobodys_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PLACES = 8
"""Letters that are changed, and values that are, one at a time."""


def changed(state: str) -> Iterator[tuple[str, str]]:
    """Yield what was changed in a state, and the state so changed.

    Where it can be read, each value in it is another, in the same encoding; a letter is changed
    here and there, since nobody knows what it stands for; and what may be a signature is left out.
    The last letters stay: of base64 some bits of them mean nothing.
    """
    parts = state.split(".")
    for place, part in enumerate(parts):
        for what, other in _with_other_values(part):
            yield what, ".".join((*parts[:place], other, *parts[place + 1 :]))
    letters = [place for place in range(len(state) - 2) if state[place].isalnum()]
    for place in letters[:: max(1, len(letters) // _PLACES)]:
        other = _turned(state[place])
        yield f"letter {place + 1}", state[:place] + other + state[place + 1 :]
    if len(parts) > 1:
        yield "its last part left out", ".".join(parts[:-1])
        yield "its last part empty", ".".join((*parts[:-1], ""))
    yield "all of it", nobodys_text(state)


def _turned(letter: str) -> str:
    """Return another letter of the same kind, and of hexadecimal where it is one."""
    for kind in ("0123456789", "abcdef", "ABCDEF"):
        if letter in kind:
            return kind[(kind.index(letter) + 1) % len(kind)]
    return {"z": "g", "Z": "G"}.get(letter, chr(ord(letter) + 1))


def _with_other_values(part: str) -> Iterator[tuple[str, str]]:
    """Yield a part of a state with one value changed, if it is JSON in a usual encoding."""
    for decode, encode in _ENCODINGS:
        try:
            held: Any = json.loads(decode(part))
        except (ValueError, binascii.Error, RecursionError):
            continue
        if isinstance(held, (dict, list)):
            for path, other in list(_variants(held))[:_PLACES]:
                yield f"{path} in it", encode(json.dumps(other, separators=(",", ":")).encode())
        return


def _variants(node: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield a JSON value with one of its leaves changed, and which it is."""
    if isinstance(node, dict):
        table = cast("dict[str, Any]", node)
        for name, value in table.items():
            for path, other in _variants(value, f"{above}.{name}" if above else name):
                yield path, {**table, name: other}
    elif isinstance(node, list):
        rows = cast("list[Any]", node)
        for place, value in enumerate(rows):
            for path, other in _variants(value, f"{above}[{place}]"):
                yield path, [*rows[:place], other, *rows[place + 1 :]]
    elif isinstance(node, bool):
        yield above, not node
    elif isinstance(node, (int, float)):
        yield above, node + 1
    elif isinstance(node, str) and node:
        middle = len(node) // 2
        yield above, node[:middle] + _turned(node[middle]) + node[middle + 1 :]


def _unpadded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _padded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


_ENCODINGS: tuple[tuple[Callable[[str], bytes], Callable[[bytes], str]], ...] = (
    (str.encode, bytes.decode),
    (bytes.fromhex, bytes.hex),
    (_padded, lambda raw: base64.b64encode(raw).decode()),
    (_unpadded, lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("=")),
)
