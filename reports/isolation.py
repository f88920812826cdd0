"""Turns the figure of an isolation check into a table: each reader's sight of each owner's rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conformance.text.printable import single_line
from reports.drawing import drawn

_MOST = 12


@dataclass(frozen=True)
class Cell:
    """What one reader saw of one owner: in words, in which tables, and whether that is a leak."""

    words: str
    tables: str
    is_own: bool
    is_leak: bool


@dataclass(frozen=True)
class Matrix:
    """Readers down, owners across."""

    owners: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def matrix(text: str) -> Matrix | None:
    """Return the table there is in an isolation check's figure; None where it has another form."""
    return drawn(text, _matrix)


def _matrix(data: dict[str, Any]) -> Matrix:
    owners = tuple(single_line(str(name)) for name in list(data["owners"])[:_MOST])
    readers = [single_line(str(name)) for name in list(data["readers"])[:_MOST]]
    if not owners or not readers:
        raise ValueError("there is nothing to show")
    total = int(data["tables"])
    rows = tuple(
        (
            reader,
            tuple(
                _cell(
                    int(data["counts"][y][x]),
                    total,
                    list(data["names"][y][x])[:_MOST],
                    is_own=reader == owner,
                )
                for x, owner in enumerate(owners)
            ),
        )
        for y, reader in enumerate(readers)
    )
    return Matrix(owners, rows)


def _cell(count: int, total: int, names: list[Any], *, is_own: bool) -> Cell:
    shown = ", ".join(single_line(str(name)) for name in names)
    more = f" and {count - len(names)} more" if count > len(names) else ""
    words = f"rows in {count} of {total} tables" if count else "no rows"
    return Cell(words, f"{shown}{more}", is_own, bool(count) and not is_own)
