"""What a server lists, page after page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

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
