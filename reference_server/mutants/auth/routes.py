"""Defects of what else is served from the origin: older transports, debug pages, metrics."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from reference_server.mutants.auth.doors import skip
from reference_server.mutants.bending import header, mutant, replaced, with_stage
from reference_server.mutants.benign.edge import answer
from reference_server.parts import with_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.mutants.bending import Stage
    from reference_server.mutants.benign.edge import App, Message, Receive, Scope, Send
    from reference_server.parts import Parts

    Page = Callable[[], tuple[str, str]]

_OLD_ROUTE = "/messages"


def _is_old_route(context: RequestContext) -> bool:
    return context.path == _OLD_ROUTE


def _old_route_unguarded(parts: Parts) -> Parts:
    known = parts.mcp.routes_to_mcp

    def routes(scope: Mapping[str, Any]) -> bool:
        return known(scope) or scope["path"] == _OLD_ROUTE

    guarded = with_stage("authenticate", skip(_is_old_route))(parts)
    return with_parts(guarded, {"mcp.routes_to_mcp": routes})


@dataclass
class _Seen:
    """What a server at work knows of its callers."""

    tenants: set[str] = field(default_factory=set[str])
    keys: set[str] = field(default_factory=set[str])
    sessions: set[str] = field(default_factory=set[str])

    def noting(self, stage: Stage) -> Stage:
        """Wrap authentication, and note who was let in, and with which key."""

        def bent(context: RequestContext, parts: Parts) -> Response | None:
            refusal = stage(context, parts)
            if context.principal is not None:
                self.tenants.add(str(context.principal.tenant_id))
                self.keys.add(header(context, "x-api-key") or "")
            return refusal

        return bent


def _with_page(
    path: str, kind: str, tell: Callable[[_Seen, Parts], str]
) -> Callable[[Parts], Parts]:
    """Return a change of parts that serves a page to everybody, before the chain."""

    def bend(parts: Parts) -> Parts:
        seen = _Seen()

        def around(app: App) -> App:
            return _serving(app, path, seen, lambda: (kind, tell(seen, parts)))

        noting = with_stage("authenticate", seen.noting)(parts)
        return replaced({"web.edge": lambda _: around})(noting)

    return bend


def _serving(app: App, path: str, seen: _Seen, page: Page) -> App:
    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                fields = dict(message["headers"])
                seen.sessions.add(fields.get(b"mcp-session-id", b"").decode())
            await send(message)

        if scope["type"] != "http" or (scope["method"], scope["path"]) != ("GET", path):
            await app(scope, receive, noting)
            return
        kind, body = page()
        await answer(send, 200, body, kind)

    return edge


def _stream(seen: _Seen, parts: Parts) -> str:
    del seen, parts
    return f"event: endpoint\ndata: /messages/?session_id={uuid4().hex}\n\n"


def _metrics(seen: _Seen, parts: Parts) -> str:
    del parts
    lines = (f'mcp_requests_total{{tenant="{tenant}"}} 1\n' for tenant in sorted(seen.tenants))
    return f"# TYPE mcp_requests_total counter\n{''.join(lines)}"


def _tools(seen: _Seen, parts: Parts) -> str:
    del seen
    tools = [{"name": one.name, "inputSchema": one.input_schema} for one in parts.mcp.tools]
    return json.dumps({"tools": tools})


def _sessions(seen: _Seen, parts: Parts) -> str:
    del parts
    return json.dumps({"sessions": sorted(filter(None, seen.sessions))})


def _config(seen: _Seen, parts: Parts) -> str:
    del parts
    return json.dumps({"cachedKeys": sorted(seen.keys)})


MUTANTS = (
    mutant(
        "older-transport-unguarded",
        "AUTH-19",
        "The older transport's route for messages was left in, and out of the guard.",
        parts=_old_route_unguarded,
    ),
    mutant(
        "older-stream-unguarded",
        "AUTH-19",
        "The older transport's stream opens a session for whoever asks.",
        parts=_with_page("/sse", "text/event-stream", _stream),
    ),
    mutant(
        "metrics-name-tenants",
        "AUTH-19",
        "Metrics for everybody are labelled by tenant.",
        parts=_with_page("/metrics", "text/plain", _metrics),
    ),
    mutant(
        "tools-listed-to-all",
        "AUTH-19",
        "A page for developers lists the tools to everybody.",
        parts=_with_page("/tools", "application/json", _tools),
    ),
    mutant(
        "debug-page-lists-sessions",
        "AUTH-19",
        "A debug page shows the sessions that are open.",
        parts=_with_page("/debug/sessions", "application/json", _sessions),
    ),
    mutant(
        "debug-page-shows-keys",
        "AUTH-19",
        "A debug page shows what stands in the cache of keys.",
        parts=_with_page("/debug/config", "application/json", _config),
    ),
)
