"""Reads the figures that a record holds for drawing.

A record may come from anywhere, so what does not have the form of such a figure is no figure.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

Drawing = TypeVar("Drawing")


def drawn(text: str, draw: Callable[[dict[str, Any]], Drawing]) -> Drawing | None:
    """Return what ``draw`` makes of a figure's JSON; None where it is not in the form it needs."""
    try:
        return draw(cast("dict[str, Any]", json.loads(text)))
    except (ValueError, TypeError, KeyError, IndexError, RecursionError, OverflowError):
        return None
