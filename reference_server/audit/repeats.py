"""Refusals that repeat: the first ones have rows of their own, the others are counted.

An address that is blocked or at its limit is refused as often as it likes. A row for each refusal
would let it fill the disk, and no row at all would hide what it did.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from reference_server.audit.contracts import AuditEvent
from reference_server.core.addresses import site_of
from reference_server.core.errors import StorageUnavailableError
from reference_server.core.periodic import Periodic
from reference_server.core.vocabulary import Outcome
from reference_server.observability.logs import log_event

if TYPE_CHECKING:
    from datetime import datetime

    from reference_server.audit.contracts import AuditTrail, RefusalCount
    from reference_server.core.contracts import Clock
    from reference_server.core.vocabulary import EventType

OWN_ROWS = 100
"""Refusals of one address and kind in a window that have rows of their own: as many as an address
may make requests that are admitted."""

OWN_ROWS_IN_ALL = 5000
"""The same of all addresses together, however many take part."""

WINDOW_SECONDS = 60

MOST_KEPT = 1024
"""Addresses and kinds that are told apart. All others share a count, under no address."""

TELL_SECONDS = 10
"""The time between two rows that tell one count. What was counted since the last is lost with the
process, if that is killed."""

_LOOK_SECONDS = 1.0
_CLOSE_SECONDS = 3.0


class Kind(NamedTuple):
    """What is counted together."""

    site: str
    event_type: EventType
    metadata: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Tally:
    """What is known of one address and kind."""

    began: datetime
    """When its window did."""
    own: int = 0
    """Refusals of this window that had rows of their own."""
    counted: int = 0
    """Refusals that had none, since they were last told."""
    since: datetime | None = None
    """When the first of those was."""


class Repeats:
    """Decides which refusals are written down one by one, and keeps the count of the others.

    Time is the Clock part's. All methods may be called by any thread, and need no storage.
    """

    def __init__(
        self,
        clock: Clock,
        own_rows: int = OWN_ROWS,
        own_rows_in_all: int = OWN_ROWS_IN_ALL,
        most_kept: int = MOST_KEPT,
        tell_seconds: float = TELL_SECONDS,
    ) -> None:
        self._clock = clock
        self._own_rows = own_rows
        self._own_rows_in_all = own_rows_in_all
        self._most_kept = most_kept
        self._tell_seconds = tell_seconds
        self._tallies: dict[Kind, Tally] = {}
        self._counting: set[str] = set()
        self._in_all = Tally(clock.now())
        self._lock = threading.Lock()

    def counts(self, event: AuditEvent) -> bool:
        """Tell whether a refusal is one too many to have a row; then it has been counted."""
        site, metadata = site_of(event.address or ""), tuple((event.metadata or {}).items())
        with self._lock:
            now = self._clock.now()
            tally = self._tally(Kind(site, event.event_type, metadata), now)
            for one in (tally, self._in_all):
                if _is_over(one.began, now, WINDOW_SECONDS):
                    one.began, one.own = now, 0
            if tally.own < self._own_rows and self._in_all.own < self._own_rows_in_all:
                tally.own += 1
                self._in_all.own += 1
                return False
            tally.counted += 1
            tally.since = tally.since or now
            self._counting.add(site)
            return True

    def is_counting(self, address: str) -> bool:
        """Tell whether refusals of the address are counted just now, of whatever kind."""
        with self._lock:
            return site_of(address) in self._counting

    def tell(self, trail: AuditTrail, *, all_of_it: bool = False) -> None:
        """Store a row for each count that has waited long enough, or that there is.

        What the trail cannot take now is told later, with what comes meanwhile.
        """
        due = self._take(all_of_it=all_of_it)
        if not due:
            return
        try:
            trail.write(*(self.row(kind, tally) for kind, tally in due))
        except StorageUnavailableError as error:
            self._put_back(due)
            log_event("repeats_untold", None, logging.ERROR, error=error, kinds=len(due))
            return
        for kind, tally in due:
            why = dict(kind.metadata)
            log_event("requests_refused", None, address=kind.site, count=tally.counted, why=why)

    def row(self, kind: Kind, tally: Tally) -> AuditEvent:
        """Return the row that tells a count."""
        since = tally.since and tally.since.isoformat()
        return AuditEvent(
            kind.event_type,
            Outcome.FAILURE,
            address=kind.site or None,
            metadata={**dict(kind.metadata), "count": tally.counted, "since": since},
        )

    def _take(self, *, all_of_it: bool) -> list[tuple[Kind, Tally]]:
        due: list[tuple[Kind, Tally]] = []
        with self._lock:
            now = self._clock.now()
            for kind, tally in list(self._tallies.items()):
                if tally.since is None:
                    if _is_over(tally.began, now, WINDOW_SECONDS):
                        del self._tallies[kind]
                elif all_of_it or _is_over(tally.since, now, self._tell_seconds):
                    due.append((kind, Tally(tally.began, 0, tally.counted, tally.since)))
                    tally.counted, tally.since = 0, None
            waiting = (kind for kind, tally in self._tallies.items() if tally.since)
            self._counting = {kind.site for kind in waiting}
        return due

    def _put_back(self, due: list[tuple[Kind, Tally]]) -> None:
        with self._lock:
            for kind, untold in due:
                tally = self._tally(kind, untold.began)
                tally.counted += untold.counted
                tally.since = untold.since

    def _tally(self, kind: Kind, now: datetime) -> Tally:
        if kind not in self._tallies and len(self._tallies) >= self._most_kept:
            kind = kind._replace(site="")
        return self._tallies.setdefault(kind, Tally(now))


class Teller:
    """Has the counts told from a thread of its own, until it is closed."""

    def __init__(self, repeats: RefusalCount, trail: AuditTrail) -> None:
        self._telling = Periodic(
            "repeats",
            _LOOK_SECONDS,
            lambda: repeats.tell(trail),
            last=lambda: repeats.tell(trail, all_of_it=True),
        )

    def close(self) -> None:
        """Tell what is left, and stop; bounded in time."""
        self._telling.close(_CLOSE_SECONDS)


def _is_over(began: datetime, now: datetime, seconds: float) -> bool:
    """Tell whether so much time has passed; a clock that was set back begins anew."""
    return not 0 <= (now - began).total_seconds() < seconds
