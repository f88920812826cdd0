"""Entries that once stood elsewhere in a profile: they still count, under their present names."""

from __future__ import annotations

from typing import Any, cast

OLDER = {
    "channels.auditor.columns": "fields.trail",
    "headers.log_time": "fields.log.time",
    "headers.log_level": "fields.log.level",
    "headers.log_request_id": "fields.log.request_id",
}


class TwofoldError(Exception):
    """An entry stands under its older name and its present one. ``entry`` is the older."""

    def __init__(self, entry: str, sentence: str) -> None:
        super().__init__(sentence)
        self.entry = entry


def renewed(document: dict[str, Any]) -> dict[str, str]:
    """Move entries of a profile to their present places; return the older of each present name.

    Raises TwofoldError where the present name is taken, or what it belongs in is no table.
    """
    moved: dict[str, str] = {}
    for older, present in OLDER.items():
        *above, name = older.split(".")
        table = _table(document, above, make=False)
        if table is None or name not in table:
            continue
        *above, new_name = present.split(".")
        room = _table(document, above, make=True)
        if room is None or new_name in room:
            raise TwofoldError(older, f"{older} is the older name of {present}; keep one of them")
        room[new_name] = table.pop(name)
        moved[present] = older
    return moved


def as_written(entry: str, moved: dict[str, str]) -> str:
    """Return the name under which an entry stands in the profile."""
    for present, older in moved.items():
        if entry == present or entry.startswith(f"{present}."):
            return older + entry.removeprefix(present)
    return entry


def _table(document: dict[str, Any], path: list[str], *, make: bool) -> dict[str, Any] | None:
    current: Any = document
    for step in path:
        if not isinstance(current, dict):
            return None
        entries = cast("dict[str, Any]", current)
        current = entries.setdefault(step, {}) if make else entries.get(step)
    return cast("dict[str, Any]", current) if isinstance(current, dict) else None
