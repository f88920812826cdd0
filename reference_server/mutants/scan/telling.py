"""Defects of the event that a refusal leaves."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reference_server.core.vocabulary import EventType
from reference_server.mutants.bending import bent_trail, header, mutant, with_stage
from reference_server.observability.logs import LOGGER, log_event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from flask import Response

    from reference_server.audit.contracts import AuditEvent
    from reference_server.context import RequestContext
    from reference_server.mutants.bending import Stage
    from reference_server.parts import Parts

STAGE = "triage_scanner"
DENIED = EventType.SCANNER_DENIED


def _rows(bend: Callable[[AuditEvent], Iterable[AuditEvent]]) -> Callable[[Parts], Parts]:
    """Bend the rows of denials alone."""
    return bent_trail(lambda event: bend(event) if event.event_type is DENIED else [event])


def _told(change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> Callable[[Parts], Parts]:
    return _rows(lambda event: [replace(event, metadata=change(dict(event.metadata or {})))])


def _without(name: str) -> Callable[[Parts], Parts]:
    return _told(lambda told: {key: value for key, value in told.items() if key != name})


def _lines(keep: Callable[[logging.LogRecord], bool]) -> Callable[[Parts], Parts]:
    """Write those lines alone that are kept; what keeps them may change them."""

    def bend(parts: Parts) -> Parts:
        logging.getLogger(LOGGER).addFilter(
            lambda record: record.getMessage() != DENIED.value or keep(record)
        )
        return parts

    return bend


def _wordless(record: logging.LogRecord) -> bool:
    fields = vars(record)["fields"]
    fields["path"] = f"{fields['path'][:4]}…"
    return True


def _twice(stage: Stage) -> Stage:
    def bent(context: RequestContext, parts: Parts) -> Response | None:
        refusal = stage(context, parts)
        for event in context.events[-1:] if refusal is not None else ():
            log_event(DENIED.value, context.request_id, error=None, **dict(event.metadata or {}))
        return refusal

    return bent


def _with_headers(stage: Stage) -> Stage:
    """Keep what was sent, since one never knows what it is good for."""

    def bent(context: RequestContext, parts: Parts) -> Response | None:
        refusal = stage(context, parts)
        shown = header(context, "x-api-key")
        if refusal is not None and shown:
            last = context.events[-1]
            told = {**(last.metadata or {}), "sent": [shown]}
            context.events[-1] = replace(last, metadata=told)
        return refusal

    return bent


MUTANTS = (
    mutant(
        "denial-without-row", "SCAN-04", "No row tells of a refusal.", parts=_rows(lambda _: [])
    ),
    mutant(
        "denial-under-another-name",
        "SCAN-04",
        "A refusal is told as any other is.",
        parts=_rows(lambda event: [replace(event, event_type=EventType.REQUEST_REFUSED)]),
    ),
    mutant(
        "denial-twice",
        "SCAN-04",
        "Two rows tell of a refusal.",
        parts=_rows(lambda one: [one, one]),
    ),
    mutant("denial-without-path", "SCAN-04", "The row has no path.", parts=_without("path")),
    mutant(
        "denial-without-agent", "SCAN-04", "The row has no agent.", parts=_without("user_agent")
    ),
    mutant(
        "denial-without-velocity",
        "SCAN-04",
        "The row has no velocity.",
        parts=_without("velocity"),
    ),
    mutant(
        "denial-without-check",
        "SCAN-04",
        "The row does not tell which check fired.",
        parts=_without("check"),
    ),
    mutant(
        "denial-by-the-first-check",
        "SCAN-04",
        "Every refusal is told as one for its path.",
        parts=_told(lambda told: {**told, "check": "path"}),
    ),
    mutant(
        "denial-of-no-velocity",
        "SCAN-04",
        "The velocity that is told is always one.",
        parts=_told(lambda told: {**told, "velocity": 1}),
    ),
    mutant(
        "denial-with-the-key",
        "SCAN-04",
        "The row keeps the credential that came with the probe.",
        parts=with_stage(STAGE, _with_headers),
    ),
    mutant(
        "denial-without-line",
        "SCAN-04",
        "The log has no line of a refusal.",
        parts=_lines(lambda _: False),
    ),
    mutant(
        "denial-of-some-path",
        "SCAN-04",
        "The line has the first four characters of the path.",
        parts=_lines(_wordless),
    ),
    mutant(
        "denial-logged-twice",
        "SCAN-04",
        "Two lines tell of a refusal.",
        parts=with_stage(STAGE, _twice),
    ),
)
