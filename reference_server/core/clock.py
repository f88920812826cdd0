"""The clocks. Everything that expires asks the one in the parts; nothing else reads the time."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_ZERO = timedelta(0)


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 -- the clock is where time is read


class FileClock:
    """The machine's time plus the offset that a file holds: 24 hours pass when it is written.

    The file holds a decimal number of seconds; absent or empty means none. Text that is no number
    (a write in progress, say) leaves the last offset standing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[tuple[int, int, int] | None, timedelta] = (None, _ZERO)

    def now(self) -> datetime:
        """Return the time with the file's present offset, aware, in UTC."""
        return datetime.now(UTC) + self._offset()  # noqa: TID251 -- the clock is where time is read

    def _offset(self) -> timedelta:
        try:
            found = os.stat(self._path)  # noqa: PTH116 -- asked several times a request: the quick way
        except FileNotFoundError:
            return _ZERO
        signature = (found.st_mtime_ns, found.st_size, found.st_ino)
        known, offset = self._read  # one assignment, so that threads never see half of it
        if signature == known:
            return offset
        offset = self._parse(offset)
        self._read = (signature, offset)
        return offset

    def _parse(self, last: timedelta) -> timedelta:
        with contextlib.suppress(OSError, ValueError, OverflowError):
            words = self._path.read_text("utf-8").strip()
            # The sum is tried here, so that an offset beyond the calendar is refused with the rest.
            offset = timedelta(seconds=float(words or "0"))
            _ = datetime.now(UTC) + offset  # noqa: TID251 -- the clock is where time is read
            return offset
        return last
