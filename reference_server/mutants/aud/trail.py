"""Defects of the audit trail."""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import request

from reference_server.audit.trail import SqlAuditTrail
from reference_server.core.errors import StorageUnavailableError
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.mutants.bending import (
    bent_trail,
    chain_of,
    mutant,
    replaced,
    trail_of,
    trail_with,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.audit.contracts import AuditEvent, AuditTrail
    from reference_server.parts import Parts


def _dropping(*types: EventType) -> Callable[[AuditEvent], list[AuditEvent]]:
    return lambda event: [] if event.event_type in types else [event]


def _doubling(*types: EventType) -> Callable[[AuditEvent], list[AuditEvent]]:
    return lambda event: [event, event] if event.event_type in types else [event]


def _without(name: str, *types: EventType) -> Callable[[AuditEvent], list[AuditEvent]]:
    def bend(event: AuditEvent) -> list[AuditEvent]:
        if event.event_type not in types:
            return [event]
        kept = {key: value for key, value in (event.metadata or {}).items() if key != name}
        return [replace(event, metadata=kept)]

    return bend


def _first_of_each_address() -> Callable[[AuditEvent], list[AuditEvent]]:
    seen: set[tuple[str | None, object]] = set()

    def bend(event: AuditEvent) -> list[AuditEvent]:
        place = (event.address, (event.metadata or {}).get("scope"))
        if event.event_type is not EventType.RATE_LIMIT_EXCEEDED:
            return [event]
        if place in seen:
            return []
        seen.add(place)
        return [event]

    return bend


def _with_the_key(event: AuditEvent) -> list[AuditEvent]:
    if event.event_type is not EventType.AUTH_FAILURE:
        return [event]
    if (event.metadata or {}).get("reason") != "invalid":
        return [event]
    return [replace(event, address=f"{event.address} {request.headers.get('X-Api-Key')}")]


class _Unscrubbed:
    """Lets everything through."""

    def scrub(self, value: Any) -> Any:
        return value


class _TopLevelTrail(SqlAuditTrail):
    """Strips personal data from the top level of the metadata only."""

    def row(self, event: AuditEvent) -> dict[str, Any]:
        row = super().row(event)
        personal = {"email", "name", "firstName", "lastName", "phone", "address"}
        metadata = event.metadata or {}
        scrubbed = self.redactor.scrub(dict(metadata))
        kept = {key: value for key, value in scrubbed.items() if key not in personal}
        stored = json.dumps(kept).replace("\\u0000", " ").replace("\\ud800", " ")
        return row | {"metadata": stored}


def _top_level(parts: Parts) -> AuditTrail:
    return trail_of(_TopLevelTrail, parts)


class _Shedding:
    """Drops successes while the trail is busy."""

    def __init__(self, parts: Parts) -> None:
        self._trail, self._lock = parts.trail, threading.Lock()

    def write(self, *events: AuditEvent) -> None:
        is_success = all(event.outcome is Outcome.SUCCESS for event in events)
        if not self._lock.acquire(blocking=not is_success):
            return
        try:
            self._trail.write(*events)
        finally:
            self._lock.release()

    def close(self) -> None:
        self._trail.close()


class _Uncleaned(SqlAuditTrail):
    """Stores a reason as it came, whatever characters it has."""

    def row(self, event: AuditEvent) -> dict[str, Any]:
        row = super().row(event)
        reason = (event.metadata or {}).get("reason")
        if not isinstance(reason, str) or "\0" not in reason:
            return row
        return row | {"metadata": json.dumps({"reason": reason})}


def _uncleaned(parts: Parts) -> AuditTrail:
    return trail_of(_Uncleaned, parts)


class _Optional:
    """Goes on without the trail when that cannot be written."""

    def __init__(self, parts: Parts) -> None:
        self._trail, self.chain = parts.trail, chain_of(parts)

    def write(self, *events: AuditEvent) -> None:
        with contextlib.suppress(StorageUnavailableError):
            self._trail.write(*events)

    def close(self) -> None:
        self._trail.close()


class _Redelivering:
    """Takes each write for lost until the next has come, and so delivers it with that again."""

    def __init__(self, parts: Parts) -> None:
        self._trail, self.chain = parts.trail, chain_of(parts)
        self._unconfirmed: tuple[AuditEvent, ...] = ()

    def write(self, *events: AuditEvent) -> None:
        again, self._unconfirmed = self._unconfirmed, events
        self._trail.write(*again, *events)

    def close(self) -> None:
        self._trail.close()


def _nameless(event: AuditEvent) -> list[AuditEvent]:
    return [replace(event, actor_key_id=None)]


_TOOLS = (EventType.TOOL_CALLED, EventType.TOOL_FAILED)
_UNGUARDED = (
    "DROP TRIGGER append_only ON audit_log",
    "CREATE POLICY open_read ON audit_log FOR SELECT USING (true)",
)

MUTANTS = (
    mutant(
        "trail-is-optional",
        "AUD-09",
        "A call whose row cannot be written is carried out all the same.",
        parts=replaced({"trail": _Optional}),
    ),
    mutant(
        "rows-without-a-key",
        "AUD-11",
        "A row says which tenant it was, not which key.",
        parts=bent_trail(_nameless),
    ),
    mutant(
        "trail-without-an-index",
        "AUD-11",
        "What a key touched is found by reading the whole trail.",
        sql=("DROP INDEX ix_audit_log_actor_key_id_created_at_id",),
    ),
    mutant(
        "denied-administrator-unaudited",
        "AUD-10",
        "A wrong admin token leaves no row.",
        parts=bent_trail(_dropping(EventType.ADMIN_AUTH_FAILURE)),
    ),
    mutant(
        "denied-token-unaudited",
        "AUD-10",
        "A session token that does not count leaves no row.",
        parts=bent_trail(_dropping(EventType.SESSION_FAILURE)),
    ),
    mutant(
        "audit-sheds-load",
        "AUD-08 AUD-13 BOOT-07",
        "While the trail is busy, successes are not written down.",
        parts=replaced({"trail": _Shedding}),
    ),
    mutant(
        "nul-breaks-the-row",
        "AUD-14 MCP-13",
        "A NUL in a caller's text makes the row impossible to store.",
        parts=replaced({"trail": _uncleaned}),
    ),
    mutant(
        "auth-failure-unaudited",
        "AUD-01 AUD-13",
        "Failed authentications are counted, and not written down.",
        parts=bent_trail(_dropping(EventType.AUTH_FAILURE)),
    ),
    mutant(
        "auth-failure-without-reason",
        "AUD-01",
        "The row of a failed authentication does not say why.",
        parts=bent_trail(_without("reason", EventType.AUTH_FAILURE)),
    ),
    mutant(
        "auth-success-twice",
        "AUD-02 AUD-13 MCP-16",
        "Two layers each write the row of a success.",
        parts=bent_trail(_doubling(EventType.AUTH_SUCCESS)),
    ),
    mutant(
        "rows-delivered-again",
        "AUD-01 AUD-02 AUD-03 AUD-04 AUD-13 MCP-16 RATE-04",
        "Each row is stored at once, and a second time with the row that comes next.",
        parts=replaced({"trail": _Redelivering}),
    ),
    mutant(
        "auth-success-unaudited",
        "AUD-02 AUD-08 AUD-11 AUD-13 MCP-16",
        "Only failures are written down.",
        parts=bent_trail(_dropping(EventType.AUTH_SUCCESS)),
    ),
    mutant(
        "tool-call-unaudited",
        "AUD-03 MCP-14",
        "A tool call leaves no row.",
        parts=bent_trail(_dropping(EventType.TOOL_CALLED)),
    ),
    mutant(
        "tool-failure-twice",
        "AUD-03",
        "The tool and its wrapper each write the row of a failure.",
        parts=bent_trail(_doubling(EventType.TOOL_FAILED)),
    ),
    mutant(
        "tool-row-without-tool",
        "AUD-03",
        "The row of a tool call does not say which tool.",
        parts=bent_trail(_without("tool", *_TOOLS)),
    ),
    mutant(
        "rotation-unaudited",
        "AUD-04",
        "A rotation leaves no row.",
        parts=bent_trail(_dropping(EventType.KEY_ROTATED)),
    ),
    mutant(
        "limit-row-without-scope",
        "AUD-04 RATE-04",
        "The row of an exceeded limit does not say which limit.",
        parts=bent_trail(_without("scope", EventType.RATE_LIMIT_EXCEEDED)),
    ),
    mutant(
        "limit-unaudited",
        "AUD-04 AUD-16 RATE-04",
        "The limiter answers before anything is written down.",
        parts=bent_trail(_dropping(EventType.RATE_LIMIT_EXCEEDED)),
    ),
    mutant(
        "limit-audited-once",
        "AUD-04 AUD-16 RATE-04",
        "Only an address's first refusal is written down.",
        parts=bent_trail(_first_of_each_address()),
    ),
    mutant(
        "block-unaudited",
        "AUD-04 AUD-16 BLOCK-03",
        "The block answers before anything is written down.",
        parts=bent_trail(_dropping(EventType.BLOCKED_ADDRESS)),
    ),
    mutant(
        "trail-open-to-the-runtime",
        "AUD-05 RLS-03 RLS-04",
        "The runtime role was granted all rights on the trail, so it reads every tenant's rows.",
        sql=(
            *_UNGUARDED,
            "CREATE POLICY open_write ON audit_log FOR ALL USING (true)",
            "GRANT SELECT, UPDATE, DELETE ON audit_log TO mcp_app",
        ),
    ),
    mutant(
        "trail-open-to-its-tenant",
        "AUD-05",
        "Each tenant may read its rows of the trail, and by the same policy change them.",
        sql=(
            "DROP TRIGGER append_only ON audit_log",
            "CREATE POLICY own_rows ON audit_log USING (tenant_id = current_tenant())",
            "GRANT SELECT, UPDATE, DELETE ON audit_log TO mcp_app",
        ),
    ),
    mutant(
        "trail-column-can-be-cleared",
        "AUD-05",
        "One column of the trail may be written, so that personal data can be taken out of it.",
        sql=(
            "DROP TRIGGER append_only ON audit_log",
            "CREATE POLICY clearing ON audit_log FOR UPDATE USING (true)",
            "GRANT UPDATE (actor_ip) ON audit_log TO mcp_app",
        ),
    ),
    mutant(
        "trail-can-be-truncated",
        "AUD-05",
        "UPDATE and DELETE were revoked; TRUNCATE was forgotten.",
        sql=("DROP TRIGGER append_only ON audit_log", "GRANT TRUNCATE ON audit_log TO mcp_app"),
    ),
    mutant(
        "trail-guard-can-be-disabled",
        "AUD-05",
        "A trigger guards the trail, and the runtime role may switch triggers off.",
        sql=("GRANT SET ON PARAMETER session_replication_role TO mcp_app",),
    ),
    mutant(
        "personal-data-stripped-at-the-top",
        "AUD-06",
        "Personal data is stripped from the top level only, and in one spelling.",
        parts=replaced({"trail": _top_level}),
    ),
    mutant(
        "wrong-key-beside-the-address",
        "AUD-07 AUD-13 AUTH-13",
        "Support asked whose key it was: the row of a failure holds it, after the address.",
        parts=bent_trail(_with_the_key),
    ),
    mutant(
        "trail-unscrubbed",
        "AUD-07 LOG-04",
        "An error's message goes to the trail as it is.",
        parts=trail_with(_Unscrubbed()),
    ),
)
