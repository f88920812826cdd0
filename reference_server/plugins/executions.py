"""The execution log: two rows of the trail for each call of a plugin, before it and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reference_server.audit.contracts import AuditEvent
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.plugins.contracts import ExecutionStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True)
class Execution:
    """One call, as the log tells it. ``input`` has been masked by then."""

    id: str
    plugin: str
    tool: str
    input: Mapping[str, Any]
    started: datetime

    def begun(self) -> AuditEvent:
        """Return the row that is stored before anything is started."""
        return self._event(EventType.EXECUTION_STARTED, Outcome.SUCCESS, ExecutionStatus.STARTED)

    def ended(self, status: ExecutionStatus, now: datetime) -> AuditEvent:
        """Return the row that is stored before anything is answered; it tells milliseconds."""
        outcome = Outcome.SUCCESS if status is ExecutionStatus.SUCCEEDED else Outcome.FAILURE
        lasted = round((now - self.started).total_seconds() * 1000)
        return self._event(EventType.EXECUTION_ENDED, outcome, status, ms=lasted)

    def _event(
        self, event: EventType, outcome: Outcome, status: ExecutionStatus, **more: Any
    ) -> AuditEvent:
        metadata = {
            "execution": self.id,
            "server": self.plugin,
            "tool": self.tool,
            "status": status.value,
            "started_at": self.started.isoformat(),
            **more,
            "input": self.input,
        }
        return AuditEvent(event, outcome, metadata=metadata)
