"""Reads the catalogue: one TOML file an area, here; each release's ids stand in ``released/``."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from conformance.model import Channel, Requirement, Severity

FOLDER = Path(__file__).parent

SOURCES = {
    "D": "Deneva MCP, phase 1: secure foundation",
    "P1": "MCProspero, The Longest Day",
    "P2": "MCProspero Is Live",
    "S1": "systemprompt, secrets management",
    "S2": "systemprompt, secrets never enter the context window",
    "M": "Model Context Protocol specification",
    "X": "Hallmark, beyond its sources",
}
"""The documents that a clause may come from, by the letter the catalogue has for each."""


@cache
def requirements() -> dict[str, Requirement]:
    """Return every requirement by id, in catalogue order.

    Raises ValueError for an entry that is incomplete, misspelt or a duplicate.
    """
    found: dict[str, Requirement] = {}
    for path in sorted(FOLDER.glob("*.toml"), key=_rank):
        for requirement in _area(path):
            if requirement.id in found:
                raise ValueError(f"{path.name}: {requirement.id} stands twice")
            found[requirement.id] = requirement
    return found


def areas() -> dict[str, str]:
    """Return each area's title by its name, in catalogue order."""
    return {entry.area: entry.area_title for entry in requirements().values()}


def released() -> dict[str, frozenset[str]]:
    """Return the ids of each release's frozen list, by the name of the release."""
    lists = sorted((FOLDER / "released").glob("*.toml"))
    return {
        path.stem: frozenset(tomllib.loads(path.read_text(encoding="utf-8"))["ids"])
        for path in lists
    }


def _rank(path: Path) -> tuple[int, str]:
    order = (
        "auth",
        "time",
        "rot",
        "rls",
        "aud",
        "rate",
        "block",
        "mcp",
        "log",
        "boot",
        "oauth",
        "ops",
    )
    return (order.index(path.stem) if path.stem in order else len(order), path.stem)


def _area(path: Path) -> list[Requirement]:
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    area, title = document["area"], document["title"]
    return [_requirement(entry, area, title) for entry in document["requirement"]]


def _readable(source: str) -> str:
    """Return a source with the documents' names in place of their letters.

    Raises ValueError for a letter that stands for none.
    """
    parts = re.findall(r"([A-Z]\d?)(\[[^]]*\])?", source)
    if not parts:
        raise ValueError(f"{source!r} names no source")
    return "; ".join(f"{SOURCES[letter]} {place}".strip() for letter, place in parts)


def _requirement(entry: dict[str, Any], area: str, title: str) -> Requirement:
    required = {"id", "title", "clause", "remedy", "source", "severity", "needs"}
    if unknown := set(entry) - required - {"references", "alone"}:
        raise ValueError(f"{entry.get('id', area)}: unknown {', '.join(sorted(unknown))}")
    if missing := required - set(entry):
        raise ValueError(f"{entry.get('id', area)}: lacks {', '.join(sorted(missing))}")
    return Requirement(
        id=entry["id"],
        title=entry["title"],
        clause=entry["clause"],
        remedy=entry["remedy"],
        source=_readable(entry["source"]),
        severity=Severity(entry["severity"]),
        area=area,
        area_title=title,
        needs=tuple(Channel(need) for need in entry["needs"]),
        references=tuple(entry.get("references", ())),
        alone=entry.get("alone", False),
    )
