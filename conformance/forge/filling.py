"""Fills in what stands in braces in a request that a profile describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def path_filled_in(path: str, filled: Mapping[str, str]) -> str:
    """Return a path with what stands in braces in it filled in, as parts of a URL."""
    return with_filled_in(path, {name: quote(value, safe="") for name, value in filled.items()})


def with_filled_in(value: Any, filled: Mapping[str, str]) -> Any:
    """Return a JSON value with what stands in braces in its texts filled in."""
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        return {name: with_filled_in(one, filled) for name, one in table.items()}
    if isinstance(value, list):
        return [with_filled_in(one, filled) for one in cast("list[Any]", value)]
    if isinstance(value, str):
        for name, text in filled.items():
            value = value.replace(f"{{{name}}}", text)
    return value


def places_of(value: Any, name: str, *above: str) -> Iterator[tuple[str, ...]]:
    """Yield the names that lead to each text of a JSON value's tables that is a placeholder."""
    if isinstance(value, dict):
        for key, one in cast("dict[str, Any]", value).items():
            yield from places_of(one, name, *above, key)
    elif above and value == f"{{{name}}}":
        yield above


def with_put(value: Any, place: tuple[str, ...], new: object) -> dict[str, Any]:
    """Return a table in which something else stands at a place; nothing where that is None."""
    table, (key, *below) = dict(cast("dict[str, Any]", value)), place
    if below:
        table[key] = with_put(table[key], tuple(below), new)
    elif new is None:
        del table[key]
    else:
        table[key] = new
    return table
