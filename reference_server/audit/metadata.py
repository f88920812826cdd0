"""What an audit row may say: no personal data, no secrets, no bulk, nothing jsonb refuses."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from reference_server.core.text import clean_text
from reference_server.observability.redaction import MOST_CHARACTERS

if TYPE_CHECKING:
    from reference_server.observability.contracts import Redactor

MAXIMUM_BYTES = 8_192
"""Of a row's metadata as JSON; what is longer is cut, and says so."""
_MAXIMUM_DEPTH = 12
_MAXIMUM_ITEMS = 100
_MAXIMUM_CHARACTERS = 2_000
_SUMMARY_CHARACTERS = 500
_FEW, _SHORT = 4, 64
"""Fields, and characters of each, of metadata whose JSON is remembered."""

_PERSONAL = {"email", "name", "firstname", "lastname", "phone", "address"}
"""Names of personal fields, in the spelling that ``_is_personal`` compares."""


def to_stored_json(metadata: Mapping[str, Any] | None, redactor: Redactor) -> str:
    """Return the metadata as JSON text that ``jsonb`` accepts; never raises for odd input."""
    items = tuple(metadata.items()) if metadata else ()
    if len(items) <= _FEW and all(map(_is_short, itertools.chain(*items))):
        return _known_json(items, redactor)
    return _stored_json(metadata or {}, redactor)


def _is_short(value: object) -> bool:
    return type(value) is str and len(value) <= _SHORT


@lru_cache(maxsize=512)
def _known_json(items: tuple[tuple[str, str], ...], redactor: Redactor) -> str:
    """Do it once for what most rows say: the reason and the stage of a refusal."""
    return _stored_json(dict(items), redactor)


def _stored_json(metadata: Mapping[str, Any], redactor: Redactor) -> str:
    # Cut strings last: a token cut in half would pass the redactor unseen.
    plain = _plain(metadata, 0)
    scrubbed = _shorten(redactor.scrub(plain), _MAXIMUM_CHARACTERS)
    stored = json.dumps(scrubbed)
    if len(stored) > MAXIMUM_BYTES:
        stored = json.dumps(_summary(scrubbed))
    return stored


def _plain(value: Any, depth: int) -> Any:
    """Return a JSON value without personal fields, bounded in depth and width."""
    if value is None or isinstance(value, bool | int):
        return value if not isinstance(value, int) or abs(value) < 2**63 else "number too long"
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth >= _MAXIMUM_DEPTH and not isinstance(value, str):
        return "nested too deeply"
    if isinstance(value, Mapping):
        return _plain_mapping(cast("Mapping[Any, Any]", value), depth)
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes):
        items = list(cast("Sequence[Any]", value))[:_MAXIMUM_ITEMS]
        return [_plain(item, depth + 1) for item in items]
    return clean_text(str(value)[:MOST_CHARACTERS])


def _plain_mapping(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    first = itertools.islice(value.items(), _MAXIMUM_ITEMS)
    items = [(clean_text(str(key)[:MOST_CHARACTERS]), item) for key, item in first]
    return {key: _plain(item, depth + 1) for key, item in items if not _is_personal(key)}


def _is_personal(key: str) -> bool:
    return "".join(letter for letter in key.casefold() if letter.isalnum()) in _PERSONAL


def _shorten(value: Any, longest: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= longest else f"{value[:longest]}… (shortened)"
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {_shorten(key, longest): _shorten(item, longest) for key, item in items}
    if isinstance(value, list):
        return [_shorten(item, longest) for item in cast("list[Any]", value)]
    return value


def _summary(value: dict[str, Any]) -> dict[str, Any]:
    """Return the first short fields and a note: who reads the row still learns stage and reason."""
    kept = {"shortened": True}
    room = MAXIMUM_BYTES - 100
    for key, item in value.items():
        shown = _shorten(item, _SUMMARY_CHARACTERS)
        size = len(json.dumps({key: shown}))
        if size <= room:
            kept[key] = shown
            room -= size
    return kept
