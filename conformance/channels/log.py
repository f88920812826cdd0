"""The log channel: what the server wrote since a mark."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from conformance.channels.matching import entries_of
from conformance.channels.source import source_of
from conformance.profile.fields import found_at
from conformance.verdicts import NotEstablishedError
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.channels.source import Mark
    from conformance.profile.fields import LogFields
    from conformance.profile.written import Log

FLUSH_SECONDS = 5.0
PATTERN = "[fields.log] pattern"
"""The entry of the profile that reads lines which are not JSON."""


class LogStream:
    """Reads the log of a target. Close it at the end."""

    def __init__(self, channel: Log, names: LogFields) -> None:
        self._source = source_of(channel, "channels.log", with_errors=True)
        self.names = names

    def mark(self) -> Mark:
        """Return the place where the log ends now. Raises OSError when it cannot be read."""
        return self._source.mark()

    def since(self, mark: Mark) -> str:
        """Return what was written after a mark."""
        return self._source.since(mark).decode("utf-8", "replace")

    def until(self, mark: Mark, text: str) -> str:
        """Return what was written after a mark, once ``text`` is in it or the wait is over.

        What the caller expects in the log (the request's id) proves that the log has been
        flushed that far; only then does the absence of something else mean anything.
        """
        found = ""

        def look() -> bool:
            nonlocal found
            found = self.since(mark)
            return text in found

        wait_for(look, FLUSH_SECONDS, self._source.pause)
        return found

    @property
    def pause(self) -> float:
        """Seconds to wait between two readings."""
        return self._source.pause

    def entries(self, lines: Sequence[str]) -> list[dict[str, Any] | None]:
        """Return the entries of each line; None for a line that cannot be read.

        Raises NotEstablishedError where the profile's pattern takes too long.
        """
        if self.names.pattern is None:
            return [as_object(line) for line in lines]
        return [*entries_of(self.names.pattern, lines, PATTERN)]

    def close(self) -> None:
        """Let go of the log."""
        self._source.close()


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
    known = names.places().values()
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
