"""What others ask, case by case, and which requirement covers it: a page made of a data file."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HEAD = """# Authorization servers: what others ask

Made from {data} by `python -m conformance refresh`; do not edit. Which requirement covers a case
that others have for authorization servers, or for what they issue tokens for; or why none does.
*Open* is what belongs here and is not judged yet.
"""


def text(path: Path, named: str) -> str:
    """Return the page that a data file makes; ``named`` is how it names that. KeyError, ValueError.

    Each row has ``cases`` and one of ``by`` (ids of requirements), ``why`` and ``open``.
    """
    document = tomllib.loads(path.read_text("utf-8"))
    return "\n".join([_HEAD.format(data=f"`{named}`"), *_lists(document["list"])])


def _lists(lists: list[dict[str, Any]]) -> Iterator[str]:
    for one in lists:
        yield f"## {one['title']}\n\n{one['about']}\n"
        yield "| case | covered by |\n|---|---|"
        yield from (f"| {row['cases']} | {_told(row)} |" for row in one["rows"])
        yield ""


def _told(row: dict[str, Any]) -> str:
    """Return what is said of a row. ValueError unless it says one thing."""
    said = [name for name in ("by", "why", "open") if row.get(name)]
    if len(said) != 1:
        raise ValueError(f"{row['cases']}: has {said or 'nothing'}; write one of by, why and open")
    if said == ["by"]:
        note = f": {row['note']}" if "note" in row else ""
        return ", ".join(row["by"].split()) + note
    return f"*{'open' if said == ['open'] else 'none'}:* {row[said[0]]}"


def covered(path: Path) -> set[str]:
    """Return the ids of the requirements that rows name."""
    document = tomllib.loads(path.read_text("utf-8"))
    rows = (row for one in document["list"] for row in one["rows"])
    return {name for row in rows for name in row.get("by", "").split()}
