"""Reads what a target announces of itself in headers and lists, none of which need be honest."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from conformance.channels.http.challenge import challenges

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer

_KEY_HEADER = re.compile(r"x-[a-z0-9-]{1,60}|api-?key|authorization", re.IGNORECASE)
"""Headers to put a key into because the target says so: none that steer the connection."""
_PLAIN_PATH = re.compile(r"/[!-~]{0,500}")
_COUNT = re.compile(r'^\s*(?:"[^"]*"\s*)?(\d{1,9})\s*(?:$|[;,])')
_QUOTA = re.compile(r"(?:^|[;,\s])(?:q|limit)\s*=\s*(\d{1,9})(?!\d)")
_WINDOW = re.compile(r";\s*w\s*=\s*(\d{1,9})(?!\d)")
_LIMIT_FIELDS = ("RateLimit-Policy", "RateLimit", "RateLimit-Limit", "X-RateLimit-Limit")
_REQUEST_IDS = (
    *("X-Request-Id", "X-Correlation-Id", "Request-Id", "Correlation-Id", "X-Amzn-RequestId"),
    *("X-Trace-Id", "X-Trace", "Trace-Id", "X-Req-Id", "X-Ms-Request-Id"),
)
_REDIRECTION = range(300, 400)
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Refusal:
    """A refusal, and how it says to authenticate; ``field`` is None where a refusal has none."""

    status: int
    field: str | None
    scheme: str | None = None
    realm: str | None = None
    resource_metadata: str | None = None
    header: str | None = None


@dataclass(frozen=True)
class KeyPlace:
    """Where a key goes; ``is_proven`` once a key was taken there."""

    header: str
    scheme: str = ""
    is_proven: bool = False

    def proven(self) -> KeyPlace:
        """Return the same place, shown to be right."""
        return replace(self, is_proven=True)


@dataclass(frozen=True)
class Argument:
    """An argument of a tool; ``choices`` are the texts that its schema allows, if it names them."""

    name: str
    is_required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tool:
    """A tool by name, what it takes, and what its result holds.

    ``says_read_only`` is what its annotations say, and None where they say nothing.
    """

    name: str
    says_read_only: bool | None = None
    results: tuple[str, ...] = ()
    arguments: tuple[Argument, ...] = ()

    @property
    def required(self) -> tuple[Argument, ...]:
        """The arguments that it must have."""
        return tuple(one for one in self.arguments if one.is_required)


@dataclass(frozen=True)
class Limit:
    """A limit on requests. ``seconds`` is None where no window is told."""

    field: str
    text: str
    requests: int
    seconds: int | None
    is_of_key: bool


_BEARER = KeyPlace("Authorization", "Bearer")
_API_KEY = KeyPlace("X-Api-Key")


def refusal(answer: Answer) -> Refusal:
    """Return how a refusal says to authenticate; of a malformed field nothing is believed."""
    text = answer.header("www-authenticate")
    if text is None:
        return Refusal(answer.status, None)
    told = challenges(text) or []
    named = {name: value for one in told for name, value in one.parameters.items()}
    header = named.get("header")
    return Refusal(
        answer.status,
        text,
        told[0].scheme if told else None,
        named.get("realm"),
        named.get("resource_metadata"),
        header if header and _KEY_HEADER.fullmatch(header) else None,
    )


def place(found: Refusal | None) -> KeyPlace | None:
    """Return where the key goes if the challenge alone tells it (RFC 6750 section 2.1)."""
    if found is None:
        return None
    if found.header is not None:
        return KeyPlace(found.header)
    return _BEARER if (found.scheme or "").lower() == "bearer" else None


def places(found: Refusal | None) -> tuple[KeyPlace, ...]:
    """Return where to try a key: the place told for it, if one is, and the most usual.

    Some challenge for a bearer token, which every client knows, and want a key in a header. A
    scheme of another name goes before the credentials (RFC 9110 section 11.4).
    """
    one = place(found)
    if one is None:
        named = KeyPlace("Authorization", found.scheme) if found and found.scheme else _BEARER
        return (_API_KEY, named)
    return (one, _API_KEY) if one == _BEARER else (one,)


def tools(listed: list[Any]) -> tuple[Tool, ...]:
    """Return the tools of a list, without what is no tool."""
    entries = [cast("dict[str, Any]", one) for one in listed if isinstance(one, dict)]
    return tuple(
        Tool(entry["name"], _says_read_only(entry), _results(entry), _arguments(entry))
        for entry in entries
        if isinstance(entry.get("name"), str)
    )


def _says_read_only(entry: dict[str, Any]) -> bool | None:
    said = _table(entry.get("annotations")).get("readOnlyHint")
    return said if isinstance(said, bool) else None


def _results(entry: dict[str, Any]) -> tuple[str, ...]:
    """Return the names that the schema of a tool's result gives to what is in it."""
    return tuple(_table(_table(entry.get("outputSchema")).get("properties")))


def _arguments(entry: dict[str, Any]) -> tuple[Argument, ...]:
    """Return what the schema of a tool's input names."""
    schema = _table(entry.get("inputSchema"))
    required: Any = schema.get("required")
    needed: list[Any] = cast("list[Any]", required) if isinstance(required, list) else []
    return tuple(
        Argument(name, name in needed, _choices(_table(one).get("enum")))
        for name, one in _table(schema.get("properties")).items()
    )


def _choices(enum: Any) -> tuple[str, ...]:
    choices = cast("list[Any]", enum) if isinstance(enum, list) else []
    return tuple(choices) if all(isinstance(one, str) for one in choices) else ()


def _table(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def limits(answers: list[tuple[Answer, bool]]) -> tuple[Limit, ...]:
    """Return the limits announced in answers, each with whether a key was presented."""
    found: dict[tuple[str, int, int | None, bool], Limit] = {}
    for answer, is_of_key in answers:
        for name in _LIMIT_FIELDS:
            for text in (answer.header(name) or "").split(","):
                limit = _limit(name, text, is_of_key=is_of_key)
                if limit is not None:
                    known = (name, limit.requests, limit.seconds, is_of_key)
                    found.setdefault(known, limit)
    return tuple(found.values())


def _limit(name: str, text: str, *, is_of_key: bool) -> Limit | None:
    count = _QUOTA.search(text) or _COUNT.search(text)
    window = _WINDOW.search(text)
    if count is None or int(count[1]) < 1:
        return None
    seconds = int(window[1]) if window and int(window[1]) > 0 else None
    return Limit(name, text.strip(), int(count[1]), seconds, is_of_key)


def request_id(answers: list[Answer]) -> str | None:
    """Return the header that holds each request's id, if a usual one does."""
    for name in _REQUEST_IDS:
        if any(answer.header(name) for answer in answers):
            return name
    return None


def redirects(answers: list[Answer]) -> list[str]:
    """Return the places that answers point to."""
    pointed = [answer.header("location") for answer in answers if answer.status in _REDIRECTION]
    return [place for place in dict.fromkeys(pointed) if place is not None]


def path_of_same_origin(url: str, base: str) -> str | None:
    """Return the path of a URL that has a target's own origin; None for any other."""
    try:
        one, other = urlsplit(url), urlsplit(base)
        is_same = (one.scheme, one.hostname, _port(one)) == (
            other.scheme,
            other.hostname,
            _port(other),
        )
    except ValueError:
        return None
    path = f"{one.path}?{one.query}" if one.query else one.path
    return path if is_same and _PLAIN_PATH.fullmatch(path) else None


def _port(parts: Any) -> int | None:
    return parts.port or _DEFAULT_PORTS.get(parts.scheme)
