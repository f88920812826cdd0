"""What no form may ask for, and no link may carry: words by which they are known."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECRET = re.compile(
    "password|passwd|passphrase|passcode|pwd|secret|token|apikey|credentials?|bearer|cvv|cvc|otp|"
    "totp|mnemonic"
)
_SECRETS = re.compile(
    "(api|access|private|secret|ssh|signing)_key|(card|account)_number|credit_card|"
    "(security|recovery|pin|one_time)_code|(account|card)_pin|seed_phrase"
)
_OPEN = frozenset({"integer", "number", "boolean", "array", "object"})
"""Types of fields that take no secret: a number of tokens is none."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_ASKED_FOR = re.compile(
    r"\b(?:enter|type(?: in)?|provide|paste|give|supply|send|confirm|fill in|tell)\b"
    r"(?:\s+(?:us|me|in|with|again))*\s+(?:your|the|a|an|his|her|their)\s+(?:[\w-]+\s+){0,3}?"
    r"(?:password|passphrase|passcode|api[ -]key|access token|secret key|private key|"
    r"card number|security code|recovery code|client secret|cvv|cvc)\b",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"(?:\bnot|n.t|\bnever|\bwithout|\bno need to)\W+(?:\w+\W+){0,2}$", re.IGNORECASE
)
_LETS_IN = re.compile(
    "((access|id|auth|login|magic|session)_?)?token|jwt|api_?key|password|passwd|magic|"
    "(x-(amz|goog)-)?signature"
)
"""Names of parameters that let in whoever follows the link."""
_JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PERSONAL = re.compile(
    "e-?mail|phone|telephone|mobile|ssn|birthda(y|te)|dob|login_hint|(first|last|full)_?name|"
    "(home_)?address"
)


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]


def names_a_secret(name: str) -> bool:
    """Tell whether a name, as of a field of a form, is that of a secret."""
    words = _words(name)
    pairs = (f"{first}_{second}" for first, second in pairwise(words))
    return any(map(_SECRET.fullmatch, words)) or any(map(_SECRETS.fullmatch, pairs))


def secret_in_form(schema: Mapping[str, Any], message: str) -> str | None:
    """Return what in a form asks for a secret; None for nothing."""
    fields: Any = schema.get("properties")
    for name, field in cast("dict[str, Any]", fields if isinstance(fields, dict) else {}).items():
        told = cast("dict[str, Any]", field) if isinstance(field, dict) else {}
        if told.get("type") in _OPEN:
            continue
        if told.get("format") == "password":
            return f"the field {name} of the format password"
        if names_a_secret(name) or names_a_secret(str(told.get("title") or "")):
            return f"the field {name}"
        if asked := asks_for_a_secret(str(told.get("description") or "")):
            return f"the field {name}: {asked}"
    return asks_for_a_secret(message)


def asks_for_a_secret(text: str) -> str | None:
    """Return the words of a text that ask for a secret; None where it warns of that, or nothing."""
    for found in _ASKED_FOR.finditer(text):
        if not _NEGATED.search(text[: found.start()]):
            return found[0]
    return None


def lets_in(url: str) -> str | None:
    """Return what in a link lets in whoever follows it; None for nothing."""
    parts = urlsplit(url)
    if parts.password is not None:
        return "a password"
    for name, value in _parameters(url):
        if value and _LETS_IN.fullmatch(name.lower()):
            return f"the parameter {name}"
    return "a signed token" if _JWT.search(unquote(url)) else None


def personal_in(url: str) -> str | None:
    """Return what in a link tells who somebody is; None for nothing."""
    for name, value in _parameters(url):
        if value and _PERSONAL.fullmatch(name.lower()):
            return f"the parameter {name}"
    parts = urlsplit(url)
    after = unquote(f"{parts.path}?{parts.query}#{parts.fragment}")
    return "an e-mail address" if _MAIL.search(after) else None


def _parameters(url: str) -> list[tuple[str, str]]:
    parts = urlsplit(url)
    return [*parse_qsl(parts.query), *parse_qsl(parts.fragment)]
