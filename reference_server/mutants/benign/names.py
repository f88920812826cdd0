"""Every name that a server can choose chosen otherwise, in answers, in the log and in the trail."""

from __future__ import annotations

import json
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from reference_server.audit.trail import SqlAuditTrail
from reference_server.core.settings import USUAL_AGENTS
from reference_server.core.vocabulary import EventType
from reference_server.limits.limiter import MovingWindowLimiter
from reference_server.mutants.bending import refusing, replaced, trail_of, with_stage, with_tool
from reference_server.mutants.benign.edge import benign, json_rewritten, read_whole, replayed
from reference_server.observability import logs
from reference_server.parts import with_parts
from reference_server.scanner.agents import ScannerAgents
from reference_server.scanner.paths import ProbePaths
from reference_server.web.answers import error
from reference_server.wiring import OWN_PATHS

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from flask import Response

    from reference_server.audit.contracts import AuditEvent, AuditTrail
    from reference_server.context import RequestContext
    from reference_server.mutants.benign.edge import App, Message, Receive, Reply, Scope, Send
    from reference_server.parts import Parts
    from reference_server.tools.contracts import Caller

PROFILE = Path(__file__).parents[3] / "fixtures" / "targets" / "other-names.toml"
"""What tells the judge these names."""

_COLUMNS = {
    "id": "seq",
    "created_at": "at",
    "event_type": "kind",
    "outcome": "result",
    "tenant_id": "customer",
    "actor_ip": "client",
    "request_id": "unused",
    "metadata": "details",
    "actor_key_id": "credential",
}
_SELECTED = "SELECT digest, {} FROM security_events".format(  # noqa: S608 -- our own names
    ", ".join(f"{theirs} AS {ours}" for ours, theirs in _COLUMNS.items())
)
_LOCKER = {
    "id": "number",
    "tenant_id": "tenant_id",  # one name for all tables
    "key_id": "lock",
    "wrapped_key": "lid",
    "nonce": "once",
    "ciphertext": "inside",
    "created_at": "at",
}
_OPENED = "SELECT {} FROM locker".format(  # noqa: S608 -- our own names
    ", ".join(f"{theirs} AS {ours}" for ours, theirs in _LOCKER.items())
)
_KINDS = {
    EventType.AUTH_SUCCESS: "auth",
    EventType.AUTH_FAILURE: "auth",
    EventType.BLOCKED_ADDRESS: "auth",
    EventType.TOOL_CALLED: "tool",
    EventType.TOOL_FAILED: "tool",
    EventType.RATE_LIMIT_EXCEEDED: "too much",
    EventType.KEY_ROTATED: "renewal",
}
"""Several events are of one kind, and told apart by how they ended and why."""
_RESULTS = {"success": "ok", "failure": "denied"}
_DENIED = {"path": "where", "user_agent": "who", "velocity": "pace", "check": "because"}
_DETAILS = {"reason": "why", "scope": "which", "tool": "called", "count": "times", **_DENIED} | {
    "execution": "run",
    "server": "program",
    "input": "given",
    "status": "ended",
    "started_at": "begun",
}
_WORDS = {
    "missing": "no credential",
    "invalid": "unknown credential",
    "blocked": "address shut",
    "engaged": "address now shut",
    "global": "per address",
    "tenant": "per customer",
    "auth": "signing in",
    "path": "address asked for",
    "agent": "program",
    "velocity": "hurry",
}
_SENT = {"customer": "tenantId", "label": "description", "credential": "keyId"}
_ANSWERED = {
    "tenantId": "customer",
    "description": "label",
    "keyId": "credential",
    "apiKey": "secret",
    "graceUntil": "oldUntil",
    "revokedAt": "endedAt",
    "ok": "alive",
    "version": "release",
    "uptimeSec": "up",
}
_LOGGED = {
    "time": "@timestamp",
    "level": "severity",
    "request_id": "trace",
    "event": "what",
    **_DENIED,
}
_OWN_PATHS = ("/admin/", "/health")
_REQUEST_ID, _TRACE = b"x-request-id", b"x-trace"


class _Trail(SqlAuditTrail):
    """Writes the rows under other names, and the request's id into what is told besides."""

    def row(self, event: AuditEvent) -> dict[str, Any]:
        row = super().row(event)
        told = cast("dict[str, Any]", json.loads(row["metadata"]))
        details = {
            _DETAILS.get(name, name): _word(value) if name in _DETAILS else value
            for name, value in told.items()
        }
        other = event.event_type.value.replace(".", " ").replace("_", " ")
        return row | {
            "event_type": _KINDS.get(event.event_type, other),
            "outcome": _RESULTS[event.outcome.value],
            "request_id": None,
            "metadata": json.dumps({**details, "trace": row["request_id"]}),
        }


def _word(value: Any) -> Any:
    return _WORDS.get(value, value) if isinstance(value, str) else value


def _trail(parts: Parts) -> AuditTrail:
    return trail_of(_Trail, parts)


class _Lines(logs.JsonFormatter):
    """Writes log lines under other names."""

    def format(self, record: logging.LogRecord) -> str:
        line = json.loads(super().format(record))
        if "check" in line:
            line["check"] = _WORDS[line["check"]]
        return json.dumps({_LOGGED.get(name, name): value for name, value in line.items()})


def _ping(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    del arguments
    customer = {"id": str(caller.principal.tenant_id)}
    return {"alive": True, "customer": customer, "trace": caller.request_id}


def _answered(found: Any, reply: Reply) -> Any:
    """Name the fields of an administrator's answers, and of the health route's."""
    if not isinstance(found, dict):
        return cast("object", found)
    if not reply.scope["path"].startswith(_OWN_PATHS):
        return cast("object", found)
    table = cast("dict[str, Any]", found)
    renamed = {_ANSWERED.get(name, name): value for name, value in table.items()}
    if isinstance(field := renamed.get("field"), str):
        renamed["field"] = _ANSWERED.get(field, field)
        renamed["message"] = "is wrong"
    return renamed


def _around(app: App) -> App:
    """Take an administrator's fields, and tell a request's id, under other names."""

    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        async def traced(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [
                    (_TRACE if name.lower() == _REQUEST_ID else name, value)
                    for name, value in message["headers"]
                ]
                message = {**message, "headers": headers}
            await send(message)

        if scope["type"] == "http" and scope["path"].startswith("/admin/"):
            scope, receive = await _renamed_request(scope, receive)
        await app(scope, receive, traced)

    return edge


async def _renamed_request(scope: Scope, receive: Receive) -> tuple[Scope, Receive]:
    body = await read_whole(receive)
    text = _renamed_body(body)
    length = (b"content-length", str(len(text)).encode())
    kept = [pair for pair in scope["headers"] if pair[0].lower() != length[0]]
    is_framed = len(kept) < len(scope["headers"])
    return {**scope, "headers": [*kept, length] if is_framed else kept}, replayed(text, receive)


def _renamed_body(body: bytes) -> bytes:
    try:
        found = json.loads(body)
    except ValueError:
        return body
    if not isinstance(found, dict):
        return body
    table = cast("dict[str, Any]", found)
    renamed = {_SENT.get(name, f"not {name}"): value for name, value in table.items()}
    return json.dumps(renamed).encode()


def _nothing_here(context: RequestContext) -> Response:
    del context
    return error(HTTPStatus.NOT_FOUND, "nothing_here")


def _triage(parts: Parts) -> Parts:
    """Refuse scanners as if nothing were there, by other thresholds, and have a page of ours."""
    changed = with_stage("triage_scanner", refusing(_nothing_here))(parts)
    return with_parts(
        changed,
        {
            "scanner.paths": ProbePaths(own=("/admin", *OWN_PATHS)),
            "scanner.agents": ScannerAgents(allowed=USUAL_AGENTS, shortest=9, oldest=125),
            "scanner.velocity": MovingWindowLimiter(parts.clock, 20, 30),
        },
    )


def _named_otherwise(parts: Parts) -> Parts:
    parts = _triage(parts)
    setattr(logs, "JsonFormatter", _Lines)  # noqa: B010 -- the log has no other door
    told = json_rewritten(_answered)(with_tool("ping", _ping)(replaced({"trail": _trail})(parts)))
    rewriting = told.web.edge

    def edge(app: App) -> App:
        return rewriting(_around(app))

    return with_parts(told, {"web.edge": edge})


VARIANTS = (
    benign(
        "other-names",
        "Answers, log and trail have other names throughout; events share one, and are told apart "
        "by how they ended; a request's id stands inside of JSON.",
        parts=_named_otherwise,
        profile=PROFILE,
        sql=(
            "ALTER TABLE audit_log RENAME TO security_events",
            *(
                f"ALTER TABLE security_events RENAME COLUMN {ours} TO {theirs}"
                for ours, theirs in _COLUMNS.items()
            ),
            # What the server itself writes to, and verification reads.
            f"CREATE VIEW audit_log WITH (security_invoker) AS {_SELECTED}",
            "ALTER VIEW audit_log OWNER TO mcp_admin",
            "GRANT SELECT ON audit_log TO mcp_auditor",
            "ALTER TABLE vault_secrets RENAME TO locker",
            *(
                f"ALTER TABLE locker RENAME COLUMN {ours} TO {theirs}"
                for ours, theirs in _LOCKER.items()
                if ours != theirs
            ),
            f"CREATE VIEW vault_secrets WITH (security_invoker) AS {_OPENED}",
            "ALTER VIEW vault_secrets OWNER TO mcp_admin",
            "GRANT SELECT ON vault_secrets TO mcp_auditor",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON vault_secrets TO mcp_app",
        ),
    ),
)
