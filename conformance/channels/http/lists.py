"""What a server lists, page after page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from conformance.forge.requests import LISTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire

MOST_PAGES = 20
"""Pages of a list that are read."""


def pages(wire: Wire, method: str, key: str) -> Iterator[Answer]:
    """Yield the answers to a method that lists, until one names no further page."""
    cursor: Any = None
    for _ in range(MOST_PAGES):
        page = wire.call(method, {} if cursor is None else {"cursor": cursor}, key=key)
        yield page
        cursor = page.result.get("nextCursor")
        if cursor is None:
            break


def listed(wire: Wire, method: str, key: str) -> list[dict[str, Any]]:
    """Return the entries of a list on all its pages; empty where there is no such list."""
    return [one for page in pages(wire, method, key) for one in entries_of(page, method)]


def entries_of(page: Answer, method: str) -> list[dict[str, Any]]:
    """Return the entries of one page of a method that lists."""
    return objects(page.result.get(LISTED[method]))


def objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a JSON array; empty where it is none."""
    found = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", one) for one in found if isinstance(one, dict)]


def takes_nothing(prompt: Mapping[str, Any]) -> bool:
    """Tell whether a prompt can be got without arguments."""
    return not any(one.get("required") for one in objects(prompt.get("arguments")))


def uris_of(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the URIs of resources that are listed."""
    return [entry["uri"] for entry in entries if isinstance(entry.get("uri"), str)]
