"""Fills in what stands in braces in a request that a profile describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping


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
