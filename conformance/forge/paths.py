"""Spellings of one path that a guard and a router may read differently."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from conformance.forge.params import with_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST = 40
"""The most spellings of one path: each is a request, and a long path has very many."""
_BEFORE = (
    "//",
    "/./",
    "/x/../",
    "/%2f",
    "/;x/",
    "/health/../",
    "/health/..%2f",
    "/health/%2e%2e/",
    "/health;/../",
    "/\\",
)
_AFTER = ("/", "//", "/.", "/x/..", "%2f", "%00", ";x=1", "?", "?x=/health", "#/health", ".json")
_ROOT = ("/.", "/..", "/x/..", "/%2e", "/%2e/", "/?x=1", "/health/..", "/health/%2e%2e")
"""What can be said of an endpoint at the root alone: there is no name to follow."""
_BETWEEN = ("//", ";x=1/", "/./", "%2f", "\\", "/x/../")


def variants(path: str) -> list[str]:
    """Return spellings of ``path`` (as ``/mcp``) other than itself, at most ``MOST``.

    The last segment and both ends of the whole path are spelt in every way; the segments before
    the last, as far as there is room for them.
    """
    route, _, query = path.partition("?")
    names = route.strip("/").split("/")
    found = (
        _with_query(spelt, query)
        for spelt in chain(_of_the_ends(names), _of_the_last(names), _of_the_others(names))
    )
    return [spelt for spelt in dict.fromkeys(found) if spelt != path][:MOST]


def _of_the_ends(names: list[str]) -> Iterator[str]:
    whole = "/".join(names)
    yield f"/{whole}"
    yield from (f"{before}{whole}" for before in _BEFORE)
    yield from (f"/{whole}{after}" for after in _AFTER)
    if not whole:
        yield from _ROOT


def _of_the_last(names: list[str]) -> Iterator[str]:
    """Yield the path with its last segment in other letters and in other codes."""
    yield from ("/" + "/".join((*names[:-1], spelt)) for spelt in _spellings(names[-1]))


def _of_the_others(names: list[str]) -> Iterator[str]:
    """Yield the path with one segment before the last changed, or what follows that segment.

    They come kind after kind, and of each kind first what is near the end: where there is no room
    for all, each segment has had the most telling.
    """
    places = range(len(names) - 2, -1, -1)
    yield from chain.from_iterable(zip(*(_changed(names, place) for place in places), strict=True))


def _changed(names: list[str], place: int) -> list[str]:
    start = "/".join(("", *names[:place], ""))
    name, end = names[place], "/".join(names[place + 1 :])
    joints = [f"{start}{name}{joint}{end}" for joint in _BETWEEN]
    spelt = [f"{start}{spelling}/{end}" for spelling in _spellings(name)]
    return [found for pair in zip(spelt, joints, strict=True) for found in pair]


def _spellings(name: str) -> tuple[str, ...]:
    """Return one segment in other letters and in other codes."""
    coded = f"%{ord(name[0]):02x}{name[1:]}" if name else ""
    doubly = coded.replace("%", "%25", 1)
    return (name.upper(), coded, name.capitalize(), doubly, name.lower(), coded.upper())


def _with_query(spelt: str, query: str) -> str:
    """Return a spelling with the query that the endpoint itself has."""
    if not query or "#" in spelt:
        return spelt
    return with_query(spelt, query)


_METHODS = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-Method")
_ROUTES = (
    "X-Original-URL",
    "X-Original-URI",
    "X-Rewrite-URL",
    "X-Forwarded-Uri",
    "X-Forwarded-Path",
    "X-Forwarded-Prefix",
)
_PUBLIC = ("/health", "/", "/.well-known/oauth-protected-resource", "/favicon.ico")
"""Paths that servers leave open, beside those that a profile names."""


@dataclass(frozen=True)
class Override:
    """Headers by which a request of a method claims another one, or another path than its own.

    ``path`` is None for the endpoint's. All of one kind go together: each is a request less.
    """

    method: str
    path: str | None
    headers: tuple[str, ...]
    value: str

    @property
    def kind(self) -> tuple[str, str | None]:
        """The request itself, without its claims."""
        return self.method, self.path

    def told(self, *names: str) -> str:
        """Say what is sent, with some of the headers."""
        return f"{self.method} {self.path or 'as ever'} with {', '.join(names)}: {self.value}"


def overrides(path: str, public: Iterable[str]) -> list[Override]:
    """Return claims of another method or path; ``public`` are paths that ask for no key.

    A guard may take a call for what needs no key, such as a preflight or a route that is open, or a
    router may take what needs none for a call.
    """
    open_paths = tuple(dict.fromkeys((*public, *_PUBLIC)))
    asked = [Override("POST", None, _METHODS, claimed) for claimed in ("OPTIONS", "HEAD", "GET")]
    asked += [Override(method, None, _METHODS, "POST") for method in ("GET", "OPTIONS", "POST")]
    asked += [Override("POST", None, _ROUTES, claimed) for claimed in open_paths if claimed != path]
    asked += [Override("POST", open_paths[0], _ROUTES, path), Override("GET", None, _ROUTES, path)]
    asked.append(Override("POST", "/health", _ROUTES, path))
    return list(dict.fromkeys(asked))
