"""Walks through JSON values, however deep they are nested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator


def properties(node: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the path and the value of every property, places in lists left out of the path.

    An object's own properties come before those within them.
    """
    if isinstance(node, dict):
        entries = cast("dict[str, Any]", node)
        for name, value in entries.items():
            yield (*above, name), value
        for name, value in entries.items():
            yield from properties(value, (*above, name))
    elif isinstance(node, list):
        for value in cast("list[Any]", node):
            yield from properties(value, above)


def texts(node: Any) -> Iterator[str]:
    """Yield every text of a JSON value, names of properties among them."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for name, value in cast("dict[str, Any]", node).items():
            yield name
            yield from texts(value)
    elif isinstance(node, list):
        for value in cast("list[Any]", node):
            yield from texts(value)
