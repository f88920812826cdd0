"""Defects of when a row is stored: after its answer has left."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

from reference_server.core.vocabulary import EventType
from reference_server.mutants.bending import mutant, replaced

if TYPE_CHECKING:
    from reference_server.audit.contracts import AuditEvent
    from reference_server.parts import Parts


class _Later:
    """Returns at once, and stores the rows a little later."""

    def __init__(self, parts: Parts) -> None:
        self._trail = parts.trail
        self._rows: queue.SimpleQueue[tuple[AuditEvent, ...] | None] = queue.SimpleQueue()
        self._never = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def write(self, *events: AuditEvent) -> None:
        self._rows.put(events)

    def close(self) -> None:
        self._rows.put(None)
        self._thread.join(5)
        self._trail.close()

    def _run(self) -> None:
        while (events := self._rows.get()) is not None:
            if self._rows.empty():
                self._never.wait(0.2)  # waits for company, to write less often
            self._trail.write(*events)


class _CallsLater(_Later):
    """Keeps nobody waiting for the rows of calls: who was let in stands there at once."""

    def write(self, *events: AuditEvent) -> None:
        calls = tuple(one for one in events if one.event_type is EventType.TOOL_CALLED)
        if calls:
            super().write(*calls)
        if others := tuple(one for one in events if one not in calls):
            self._trail.write(*others)


MUTANTS = (
    mutant(
        "audit-in-the-background",
        "AUD-08 AUD-09",
        "Rows are queued and stored a fifth of a second later.",
        parts=replaced({"trail": _Later}),
    ),
    mutant(
        "calls-audited-in-the-background",
        "AUD-08",
        "Rows of calls are queued and stored a fifth of a second later.",
        parts=replaced({"trail": _CallsLater}),
    ),
)
