"""What is asked of a trail, whatever it is kept in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from conformance.verdicts import NotEstablishedError
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conformance.channels.trail.row import AuditRow
    from conformance.profile.events import Event, Events, Outcome, Vocabulary
    from conformance.profile.fields import TrailFields

SETTLE_SECONDS = 3.0
"""How long a row may take to show, where durability itself is not what is judged."""
_TELLING = ("event", "outcome")
_LONGEST = 60


class AuditReader(ABC):
    """Reads the trail of one target, under the names that its profile gives. Close it at the end.

    Methods raise NotEstablishedError where a name that they need is not there, and
    NotAssessedError where the profile says that there is none.
    """

    whole: ClassVar[str]
    """What ``dump`` returns, in words."""
    is_shared: ClassVar[bool] = True
    """Whether further processes of the target are sure to write to it, too, and at once."""

    def __init__(self, fields: TrailFields, events: Events) -> None:
        self.fields, self.events = fields, events
        self.lag_seconds = 0.0
        """How far what is read may be behind what was written, as the profile says."""

    @property
    def patience(self) -> float:
        """Seconds that a row may take to show."""
        return SETTLE_SECONDS + self.lag_seconds

    @property
    def pause(self) -> float:
        """Seconds between two looks at a trail that is waited for."""
        return 0.02

    @abstractmethod
    def rows(self, *, request_id: str | None = None, address: str | None = None) -> list[AuditRow]:
        """Return the rows of a request, of an address, or all, in the trail's order."""

    @abstractmethod
    def text(self) -> str:
        """Return every row of the trail, with all that it holds, as text."""

    @abstractmethod
    def dump(self) -> str:
        """Return all that can be read of what the target stores: what a thief of it reads."""

    def require_whole(self) -> None:
        """Raise NotAssessedError where ``dump`` cannot have returned all that is stored."""
        return

    @abstractmethod
    def close(self) -> None:
        """Let go of what was opened."""

    def unreadable(self, **where: str | None) -> list[str]:
        """Return what should be rows, as of a request or an address, and cannot be read as such."""
        del where
        return []

    def wait_for_rows(
        self, wanted: Callable[[AuditRow], bool], count: int = 1, **where: str | None
    ) -> list[AuditRow]:
        """Return the rows that ``wanted`` accepts, waiting a bounded time for ``count`` of them."""
        found: list[AuditRow] = []

        def look() -> bool:
            found[:] = [row for row in self.rows(**where) if wanted(row)]
            return len(found) >= count

        wait_for(look, self.patience, self.pause)
        return found

    def is_one(self, row: AuditRow, *events: Event) -> bool:
        """Tell whether a row is of one of these events."""
        return self.events.is_one(row.matched, *events)

    def of(self, *events: Event, count: int = 1, **where: str | None) -> list[AuditRow]:
        """Return the rows of these events, waiting a bounded time for ``count`` of them.

        Raises NotEstablishedError where there are none, but rows of a name that nobody declared,
        or what cannot be read.
        """
        found = self.wait_for_rows(lambda row: self.is_one(row, *events), count, **where)
        if not found:
            self.require_known(self.rows(**where), *events)
            self._require_readable(**where)
        return found

    def unwritten(self, event: Event, request_ids: Iterable[str]) -> list[str]:
        """Return those of some requests that have no row of an event.

        Raises NotEstablishedError where one of them has a row of a name that nobody declared, and
        where none has a row in a trail that may be another process's.
        """
        asked, rows = list(request_ids), list["AuditRow"]()

        def look() -> bool:
            rows[:] = self.rows()
            return not self._lost(rows, event, asked)

        # Whoever wrote has ended: what shows late was stored, and is read from a copy of it.
        wait_for(look, self.patience, self.pause)
        lost = self._lost(rows, event, asked)
        left = set(lost)
        self.require_known([row for row in rows if row.request_id in left], event)
        if lost and len(lost) == len(asked) and not self.is_shared:
            raise NotEstablishedError(
                f"could not establish that a further process of the target writes to {self.whole}: "
                "none of its requests is there; declare [channels.auditor] dsn"
            )
        return lost

    def _lost(self, rows: list[AuditRow], event: Event, asked: list[str]) -> list[str]:
        written = {row.request_id for row in rows if self.is_one(row, event)}
        return [identity for identity in asked if identity not in written]

    def _require_readable(self, **where: str | None) -> None:
        """Raise NotEstablishedError where what cannot be read may be the row that is missing."""
        if broken := self.unreadable(**where):
            raise NotEstablishedError(
                f"could not establish what the trail tells: {broken[0][:_LONGEST]!r} is no row"
            )

    def require_known(self, rows: Iterable[AuditRow], *events: Event) -> None:
        """Raise NotEstablishedError if one of some rows may be of an event under another name.

        Only a name that the profile does not know may be that: a row of another known event is not
        the one that is missing.
        """
        unknown = [row for row in rows if not self.events.knows(row.matched)]
        if unknown:
            called = " or ".join(self.events.told(event) for event in events)
            seen = ", ".join(dict.fromkeys(map(_shown, unknown)))
            raise NotEstablishedError(
                f"could not establish what the trail calls it: 0 rows named {called}; seen "
                f"instead: {seen}: declare [events] {', '.join(events)}"
            )

    def is_outcome(self, row: AuditRow, expected: Outcome) -> bool:
        """Tell whether a row's outcome means what is expected; see ``meaning``."""
        return self.meaning("outcome", row.outcome, expected) == expected

    def meaning(self, field: str, word: str | None, expected: str) -> str | None:
        """Return our word for one in an outcome, a reason or a scope; None for None.

        Of several it is the expected one. Raises NotEstablishedError for a word that the profile
        does not know: it may mean anything.
        """
        known: Vocabulary = getattr(self.events, f"{field}s")
        if word is None or word in known.words(expected):
            return expected if word is not None else None
        for name in type(known).model_fields:
            if word in known.words(name):
                return name
        raise NotEstablishedError(
            f"could not establish what the {field} {word!r} of a row means, where one was wanted "
            f"that means {expected}: declare [events.{field}s]"
        )

    def settle(self, later: str) -> None:
        """Wait a bounded time for the row of a later request, by its id.

        A trail that stores rows in turn, or a row once more with the next one, has done so by then.
        One that repeats rows by a timer may not have.
        """
        self.wait_for_rows(lambda _: True, request_id=later)

    def identity_of(self, request_id: str) -> str | None:
        """Return the identity that the rows of a request name; None when they name none."""
        found = [row.identity for row in self.rows(request_id=request_id)]
        return next((identity for identity in found if identity), None)


def _shown(row: AuditRow) -> str:
    """Return what may tell the event of a row, as a profile would match it."""
    told = {name: word for name, word in row.matched.items() if word and name in _TELLING}
    words = ", ".join(f"{name} = {word[:_LONGEST]}" for name, word in told.items())
    return str(row.event)[:_LONGEST] if told.keys() <= {"event"} else f"{{ {words} }}"
