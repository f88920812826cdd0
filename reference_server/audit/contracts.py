"""What the trail takes and promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from reference_server.core.vocabulary import EventType, Outcome


@dataclass(frozen=True)
class AuditEvent:
    """One row of the trail, before the trail has scrubbed it."""

    event_type: EventType
    outcome: Outcome
    request_id: str | None = None
    tenant_id: UUID | None = None
    address: str | None = None
    metadata: Mapping[str, Any] | None = None
    actor_key_id: UUID | None = None


class AuditTrail(Protocol):
    """The trail. ``write`` returns once the rows are durable."""

    def write(self, *events: AuditEvent) -> None:
        """Store the rows, in order; raise StorageUnavailableError when they cannot be stored."""
        ...

    def close(self) -> None:
        """Store what is queued and stop."""
        ...


class RefusalCount(Protocol):
    """The refusals that have no rows of their own."""

    def counts(self, event: AuditEvent) -> bool:
        """Tell whether a refusal is one too many to have a row; then it has been counted."""
        ...

    def is_counting(self, address: str) -> bool:
        """Tell whether refusals of the address are counted just now, of whatever kind."""
        ...

    def tell(self, trail: AuditTrail, *, all_of_it: bool = False) -> None:
        """Store a row for each count that has waited long enough, or that there is."""
        ...
