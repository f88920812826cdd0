"""The one scrubber of secrets. Log lines, audit rows and spans pass through it.

Every pattern is possessive where it repeats, so a hostile message costs time linear in its length.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

REDACTED = "[REDACTED]"
TOO_DEEP = "[TOO DEEP]"
DEEPEST = 64
"""Levels of nesting that are kept; what lies deeper is dropped, not passed on unscrubbed."""
TOO_MANY = "[TOO MANY]"
MOST_VALUES = 2_000
"""Values of a structure that are kept, names included: scrubbing holds up whoever else is served,
and nobody reads more of one error."""
MOST_CHARACTERS = 16 * 1024
"""Of one text, more than a log line or an audit row keeps. It is cut before it is scrubbed: what is
left of a secret that the cut went through still begins as one."""

SECRET_NAMES = (
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "sessiontoken",
    "admintoken",
    "proxyauth",
    "clientsecret",
    "authorization",
    "apikey",
    "password",
    "secret",
    "cookie",
)
"""Names of secrets, lower case and without separators; a field whose name holds one is scrubbed."""

_LONGEST_REMEMBERED = 64

_SEPARATORS = re.compile(r"[^a-z0-9]++")

_GAP = r"(?:%20|\\[nrt]|[\s\"':=+])++"
_SCHEME_TOKEN = re.compile(rf"\b(Bearer|Basic){_GAP}[^\s\"',;<>\\]++", re.IGNORECASE)

_PROVIDER_TOKEN = re.compile(r"ya29\.[\w.~+/=-]++|EAA[0-9A-Za-z]++")

_JSON_TOKEN = re.compile(r"(?<![a-z])eyJ[\w-]{5,}+(?:\.[\w-]*+)*+|\bsig=[\w-]{8,}+")
"""A JWS or JWE, whole or its beginning: ``eyJ`` is ``{"`` in base64url. And a proxy's signature."""

_NAMED_VALUE = re.compile(
    r"((?:access|refresh|id|session|admin)[_-]?token|client[_-]?secret|authorization|api[_-]?key"
    r"|password|secret|cookie|proxy[_-]?auth)"
    r"(\\?[\"']?+\s*+[:=]\s*+\\?[\"']?+)(?:(?:Bearer|Basic)\s++)?+[^\s\"',;&<>(){}\\\[\]]++",
    re.IGNORECASE,
)
"""A secret named inside a text, such as ``{"access_token":"x"}`` or ``api_key=x``."""

_TELLING = re.compile(
    r"token|secret|authorization|api|password|cookie|bearer|basic|ya29\.|eaa|eyj|sig="
)
"""What any pattern needs, in lower case, and few texts have: every request's log line is made of
ten of them. A pattern that heeds the case of letters is found eight times as fast."""


class TokenRedactor:
    """Removes token-shaped text anywhere and the values of token-named fields at any depth."""

    def scrub(self, value: Any) -> Any:
        """Return a JSON-like copy without secrets; an exception becomes its type, text and causes.

        Unknown objects become their scrubbed text. Nothing is raised for any input.
        """
        return self._scrub(value, DEEPEST, _Room())

    def _scrub(self, value: Any, depth: int, room: _Room) -> Any:
        if type(value) is str:  # what nearly all are; a subclass may have a text of its own
            return scrub_text(value)
        if value is None or isinstance(value, bool | int | float):
            return value
        if not isinstance(value, Mapping | list | tuple | set | frozenset):
            return scrub_text(_text_of(cast("object", value)))
        if depth == 0:
            return TOO_DEEP
        if isinstance(value, Mapping):
            return self._scrub_fields(cast("Mapping[Any, Any]", value), depth, room)
        return self._scrub_items(cast("Iterable[Any]", value), depth, room)

    def _scrub_items(self, items: Iterable[Any], depth: int, room: _Room) -> list[Any]:
        scrubbed: list[Any] = []
        for item in items:
            if not room.take():
                return [*scrubbed, TOO_MANY]
            scrubbed.append(self._scrub(item, depth - 1, room))
        return scrubbed

    def _scrub_fields(self, fields: Mapping[Any, Any], depth: int, room: _Room) -> dict[str, Any]:
        scrubbed: dict[str, Any] = {}
        for name, value in fields.items():
            if not room.take():
                return {**scrubbed, TOO_MANY: TOO_MANY}
            shown, is_secret = _name_of(str(name))
            scrubbed[shown] = REDACTED if is_secret else self._scrub(value, depth - 1, room)
        return scrubbed


@dataclass
class _Room:
    """How many values a structure may still have."""

    left: int = MOST_VALUES

    def take(self) -> bool:
        """Take room for a value; False where there is none."""
        self.left -= 1
        return self.left >= 0


def names_a_secret(name: str) -> bool:
    """Tell whether a field of that name holds a secret, whatever its letter case or separators."""
    return _name_of(name)[1]


def _name_of(name: str) -> tuple[str, bool]:
    """Return a field's name without token-shaped parts, and whether it names a secret."""
    # A caller may choose names, so that only short ones may stay in memory.
    return _judge_name(name) if len(name) > _LONGEST_REMEMBERED else _known_name(name)


def _judge_name(name: str) -> tuple[str, bool]:
    plain = _SEPARATORS.sub("", name.lower())
    return scrub_text(name), any(secret in plain for secret in SECRET_NAMES)


_known_name = lru_cache(maxsize=512)(_judge_name)


def scrub_text(text: str) -> str:
    """Return the text without token-shaped parts; of a long one, its beginning."""
    if len(text) > MOST_CHARACTERS:
        text = f"{text[:MOST_CHARACTERS]}… ({len(text)} characters)"
    # A letter outside ASCII may be one of these in another case, as far as a pattern can tell.
    if text.isascii() and not _TELLING.search(text.lower()):
        return text
    text = _NAMED_VALUE.sub(rf"\1\2{REDACTED}", text)
    text = _SCHEME_TOKEN.sub(rf"\1 {REDACTED}", text)
    text = _JSON_TOKEN.sub(REDACTED, text)
    return _PROVIDER_TOKEN.sub(REDACTED, text)


def _chain_of(error: BaseException) -> str:
    """Return the error and its causes as one text, the outermost first, without code or paths."""
    texts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        texts.append("".join(traceback.format_exception_only(current)).rstrip())
        current = current.__cause__ or current.__context__
    return "; caused by ".join(texts)


def _text_of(value: object) -> str:
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode(errors="replace")
    if isinstance(value, BaseException):
        return _chain_of(value)
    try:
        return str(value)
    except Exception:  # noqa: BLE001 -- a broken __str__ must not break the log line about it
        return f"<{type(value).__name__}>"
