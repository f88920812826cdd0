"""What several domains ask for: the time, and what runs beside the requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class Clock(Protocol):
    """The one source of time: everything that expires asks it."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...


class Background(Protocol):
    """Something that runs beside the requests until it is closed."""

    def close(self) -> None:
        """Stop; bounded in time."""
        ...
