"""Reads the catalogue: one TOML file an area, here; each release's ids stand in ``released/``."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from conformance.model import Basis, Channel, Impact, Requirement, Severity, Weight

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

Word = TypeVar("Word", Impact, Basis)
_OF_AREA = {"area", "title", "order", "requirement"}
_OF_LESSER = {"checks", "impact", "impact_reason", "basis"}
_MARKS = {
    "alone",
    "heeds_limits",
    "rotates",
    "starts_programs",
    "costly",
    "crosses_tenants",
}
"""What a requirement may say of its checks, each by ``true``."""


@cache
def requirements() -> dict[str, Requirement]:
    """Return every requirement by id, in catalogue order.

    Raises ValueError for an entry that is incomplete, misspelt or a duplicate.
    """
    found: dict[str, Requirement] = {}
    for name, document in _documents():
        for entry in document["requirement"]:
            requirement = _requirement(entry, document["area"], document["title"])
            if requirement.id in found:
                raise ValueError(f"{name}: {requirement.id} stands twice")
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


def _documents() -> list[tuple[str, dict[str, Any]]]:
    """Return the areas' documents in the order they give, each with the name of its file.

    Raises ValueError where one gives none, or two the same.
    """
    read = [(path.name, tomllib.loads(path.read_text("utf-8"))) for path in FOLDER.glob("*.toml")]
    for name, document in read:
        if set(document) != _OF_AREA or type(document["order"]) is not int:
            raise ValueError(f"{name}: an area has {', '.join(sorted(_OF_AREA))}, order a number")
    places = Counter(document["order"] for _, document in read)
    for name, document in read:
        if places[document["order"]] > 1:
            raise ValueError(f"{name}: another area has the order {document['order']} as well")
    return sorted(read, key=lambda pair: pair[1]["order"])


def _readable(source: str) -> str:
    """Return a source with the documents' names in place of their letters.

    Raises ValueError for a letter that stands for none.
    """
    parts = re.findall(r"([A-Z]\d?)(\[[^]]*\])?", source)
    if not parts:
        raise ValueError(f"{source!r} names no source")
    return "; ".join(f"{SOURCES[letter]} {place}".strip() for letter, place in parts)


def _word(entry: dict[str, Any], name: str, words: type[Word]) -> Word:
    """Return the word that an entry has under a name. Raises ValueError for one it cannot have."""
    if entry[name] not in set(words):
        raise ValueError(f"{entry['id']}: {name} is one of {', '.join(words)}")
    return words(entry[name])


def _lesser(requirement_id: str, entry: dict[str, Any]) -> Weight:
    """Return what a violation weighs that only the checks of an entry have found."""
    if set(entry) != _OF_LESSER:
        raise ValueError(f"{requirement_id}: lesser has {', '.join(sorted(_OF_LESSER))}")
    entry = {**entry, "id": requirement_id}
    return Weight(
        _word(entry, "impact", Impact),
        entry["impact_reason"],
        _word(entry, "basis", Basis),
        tuple(entry["checks"]),
    )


def _requirement(entry: dict[str, Any], area: str, title: str) -> Requirement:
    required = {"id", "title", "clause", "remedy", "source", "severity", "needs"}
    required |= {"impact", "impact_reason", "basis"}
    if unknown := set(entry) - required - _MARKS - {"references", "lesser"}:
        raise ValueError(f"{entry.get('id', area)}: unknown {', '.join(sorted(unknown))}")
    if missing := required - set(entry):
        raise ValueError(f"{entry.get('id', area)}: lacks {', '.join(sorted(missing))}")
    for mark in _MARKS.intersection(entry):
        if entry[mark] is not True:
            raise ValueError(f"{entry['id']}: {mark} is true, or absent")
    return Requirement(
        id=entry["id"],
        title=entry["title"],
        clause=entry["clause"],
        remedy=entry["remedy"],
        source=_readable(entry["source"]),
        severity=Severity(entry["severity"]),
        impact=_word(entry, "impact", Impact),
        impact_reason=entry["impact_reason"],
        basis=_word(entry, "basis", Basis),
        area=area,
        area_title=title,
        needs=tuple(Channel(need) for need in entry["needs"]),
        references=tuple(entry.get("references", ())),
        lesser=tuple(_lesser(entry["id"], one) for one in entry.get("lesser", ())),
        **dict.fromkeys(_MARKS.intersection(entry), True),
    )
