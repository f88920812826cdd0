"""Defects of the trail that concern whose call a row tells of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reference_server.core.vocabulary import EventType
from reference_server.mutants.bending import bent_trail, mutant

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from reference_server.audit.contracts import AuditEvent


def _without_tenant(event: AuditEvent) -> list[AuditEvent]:
    is_tool = event.event_type in {EventType.TOOL_CALLED, EventType.TOOL_FAILED}
    return [replace(event, tenant_id=None) if is_tool else event]


def _of_the_first_caller() -> Callable[[AuditEvent], list[AuditEvent]]:
    first: list[UUID] = []

    def bend(event: AuditEvent) -> list[AuditEvent]:
        if event.event_type is not EventType.TOOL_CALLED or event.tenant_id is None:
            return [event]
        first.append(event.tenant_id)
        return [replace(event, tenant_id=first[0])]

    return bend


def _of_the_last_caller() -> Callable[[AuditEvent], list[AuditEvent]]:
    last: list[UUID] = []

    def bend(event: AuditEvent) -> list[AuditEvent]:
        if event.event_type is EventType.AUTH_SUCCESS and event.tenant_id is not None:
            last[:] = [event.tenant_id]
        if event.event_type is not EventType.TOOL_CALLED or not last:
            return [event]
        return [replace(event, tenant_id=last[0])]

    return bend


MUTANTS = (
    mutant(
        "tool-row-without-tenant",
        "AUD-03",
        "The row of a tool call does not say whose call it was.",
        parts=bent_trail(_without_tenant),
    ),
    mutant(
        "tool-row-of-the-first-caller",
        "AUD-03 AUD-13",
        "The writer of tool rows keeps the tenant of the first call.",
        parts=bent_trail(_of_the_first_caller()),
    ),
    mutant(
        "tool-row-of-the-last-caller",
        "AUD-13",
        "The writer of tool rows takes the tenant whom the server has let in last.",
        parts=bent_trail(_of_the_last_caller()),
    ),
)
