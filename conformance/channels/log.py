"""The log channel: what the server wrote since a mark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from conformance.profile.fields import found_at
from conformance.verdicts import NotEstablishedError
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.profile.fields import LogFields
    from conformance.profile.target import Log

FLUSH_SECONDS = 5.0


class LogStream:
    """Reads the log file of a target."""

    def __init__(self, channel: Log) -> None:
        self._path = Path(channel.file)

    def mark(self) -> int:
        """Return the place where the log ends now. Raises OSError when it cannot be read."""
        return self._path.stat().st_size

    def since(self, mark: int) -> str:
        """Return what was written after a mark."""
        with self._path.open("rb") as stream:
            stream.seek(mark)
            return stream.read().decode("utf-8", "replace")

    def until(self, mark: int, text: str) -> str:
        """Return what was written after a mark, once ``text`` is in it or the wait is over.

        What the caller expects in the log (the request's id) proves that the log has been
        flushed that far; only then does the absence of something else mean anything.
        """
        wait_for(lambda: text in self.since(mark), FLUSH_SECONDS)
        return self.since(mark)


def as_object(line: str) -> dict[str, Any] | None:
    """Return a log line as a JSON object; None when it is none."""
    try:
        entry: Any = json.loads(line)
    except ValueError:
        return None
    return cast("dict[str, Any]", entry) if isinstance(entry, dict) else None


def require_names(
    lines: Iterable[dict[str, Any]], names: LogFields, field: str, value: str | None = None
) -> None:
    """Raise NotEstablishedError where a field of lines may only be called otherwise.

    It is beyond doubt if the profile names it, or any line has it. Otherwise what some line has
    besides may be it: an entry of ``value`` if that is given, or else of any name.
    """
    place = names.place(field)
    entries = list(lines)
    if place is None or names.is_declared(field):
        return
    if any(found_at(entry, place) is not None for entry in entries):
        return
    known = {names.place(other) for other in type(names).model_fields}
    others = {
        name: None
        for entry in entries
        for name, found in entry.items()
        if name not in known and value in {None, found if isinstance(found, str) else None}
    }
    if others:
        raise NotEstablishedError(
            f"could not establish what the log calls the {field} of a line: none has {place}, but "
            f"{', '.join(others)}: declare [fields.log] {field}"
        )
