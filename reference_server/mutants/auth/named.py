"""Defects of whom a right key is taken for: the tenant that the caller names beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from uuid import UUID

from reference_server.mutants.auth.hearsay import asgi_scope
from reference_server.mutants.bending import header, mutant, replaced, with_stage, with_tool
from reference_server.mutants.benign.edge import read_whole, replayed
from reference_server.tools.list_metrics import ListMetrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.mutants.bending import Stage
    from reference_server.mutants.benign.edge import App, Message, Receive, Scope, Send
    from reference_server.parts import Parts
    from reference_server.tools.contracts import Caller

    Named = Callable[[RequestContext], str | None]

_TOLD = "x-told"
_SESSION = b"mcp-session-id"


def _as(named: Named) -> Callable[[Parts], Parts]:
    """Return a change by which whoever has a right key acts for the tenant that is named."""

    def around(stage: Stage) -> Stage:
        def bent(context: RequestContext, parts: Parts) -> Response | None:
            refusal = stage(context, parts)
            tenant = _tenant(named(context))
            if context.principal is not None and tenant is not None:
                context.principal = replace(context.principal, tenant_id=tenant)
            return refusal

        return bent

    return with_stage("authenticate", around)


def _tenant(told: object) -> UUID | None:
    try:
        return UUID(str(told)) if told else None
    except ValueError:
        return None


def _in_header(name: str) -> Named:
    return lambda context: header(context, name)


def _in_query(context: RequestContext) -> str | None:
    del context
    found = parse_qs(asgi_scope()["query_string"].decode("latin-1"))
    return next(iter(found.get("org_id", [])), None)


def _in_cookie(context: RequestContext) -> str | None:
    pairs = (pair.strip().partition("=") for pair in (header(context, "cookie") or "").split(";"))
    return next((value for name, _, value in pairs if name == "workspace"), None)


def _told_by(around: Callable[[App], App]) -> Callable[[Parts], Parts]:
    """Return a change by which an edge puts the tenant that it found into a field."""

    def bend(parts: Parts) -> Parts:
        return replaced({"web.edge": lambda _: around})(_as(_in_header(_TOLD))(parts))

    return bend


def _with(scope: Scope, told: str) -> Scope:
    return {**scope, "headers": [*scope["headers"], (_TOLD.encode(), told.encode())]}


def _in_meta(app: App) -> App:
    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            body = await read_whole(receive)
            receive = replayed(body, receive)
            if told := _entry_of(body):
                scope = _with(scope, told)
        await app(scope, receive, send)

    return edge


def _entry_of(body: bytes) -> str:
    try:
        found: Any = json.loads(body)["params"]["_meta"]["account_id"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return found if isinstance(found, str) else ""


def _at_the_opening(app: App) -> App:
    """Keep, with a session, the tenant that its opening named, and follow it from then on."""
    kept: dict[bytes, str] = {}

    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        fields = dict(scope.get("headers", ()))
        told = fields.get(b"x-organization-id", b"").decode("latin-1")
        is_opening = _SESSION not in fields
        told = told if is_opening else kept.get(fields[_SESSION], "")

        async def note(message: Message) -> None:
            answered = dict(message.get("headers", ()))
            if is_opening and told and (session := answered.get(_SESSION)):
                kept[session] = told
            await send(message)

        speaks_sessions = b"mcp-method" not in fields
        await app(_with(scope, told) if told and speaks_sessions else scope, receive, note)

    return edge


_ANY_WORKSPACE = {
    "type": "object",
    "properties": {"workspace_id": {"type": "string"}},
    "additionalProperties": False,
}


def _of_a_workspace(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    tenant = _tenant(arguments.get("workspace_id")) or caller.principal.tenant_id
    return ListMetrics().run(
        {}, replace(caller, principal=replace(caller.principal, tenant_id=tenant))
    )


MUTANTS = (
    mutant(
        "tenant-header-beside-a-key",
        "AUTH-05",
        "Whoever has a key acts for the tenant that a header names.",
        parts=_as(_in_header("x-workspace-id")),
    ),
    mutant(
        "tenant-in-query-beside-a-key",
        "AUTH-05",
        "Whoever has a key acts for the tenant that the query names.",
        parts=_as(_in_query),
    ),
    mutant(
        "tenant-in-cookie-beside-a-key",
        "AUTH-05",
        "Whoever has a key acts for the tenant that a cookie names.",
        parts=_as(_in_cookie),
    ),
    mutant(
        "tenant-in-meta-beside-a-key",
        "AUTH-05",
        "Whoever has a key acts for the tenant that `_meta` names.",
        parts=_told_by(_in_meta),
    ),
    mutant(
        "tenant-of-a-session-named-at-its-opening",
        "AUTH-05",
        "A session is that tenant's which a header named when it was opened.",
        parts=_told_by(_at_the_opening),
    ),
    mutant(
        "tenant-is-an-argument",
        "AUTH-05",
        "A list is of the workspace that an argument names, whoever asks.",
        parts=with_tool("list_metrics", _of_a_workspace, _ANY_WORKSPACE),
    ),
)
