"""Defects of MCP sessions, of versions, of excess, and of request ids."""

from __future__ import annotations

import json
from functools import partial
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Response, request

from reference_server.context import SCOPE_KEY
from reference_server.mutants.auth.doors import skip
from reference_server.mutants.bending import before, header, mutant, replaced, with_stage
from reference_server.mutants.benign.edge import read_whole, replayed, sessions_named

if TYPE_CHECKING:
    from reference_server.context import RequestContext
    from reference_server.mutants.bending import Stage
    from reference_server.mutants.benign.edge import App, Message, Receive, Scope, Send
    from reference_server.parts import Parts

_SESSION = b"mcp-session-id"
_numbers = count(0x1000)


def _counted() -> str:
    return UUID(int=next(_numbers)).hex


def _has_only_a_session(context: RequestContext) -> bool:
    return header(context, "mcp-session-id") is not None and header(context, "x-api-key") is None


def _delete_ignored(context: RequestContext, parts: Parts) -> Response | None:
    del parts
    is_delete = context.method == "DELETE" and context.path == "/mcp"
    return Response("{}", HTTPStatus.OK, content_type="application/json") if is_delete else None


def _any_version(context: RequestContext, parts: Parts) -> Response | None:
    del parts
    scope = request.environ["asgi.scope"]
    known = {b"2025-03-26", b"2025-06-18", b"2025-11-25", b"2026-07-28"}
    fallback = b"2026-07-28" if header(context, "mcp-method") else b"2025-11-25"
    scope["headers"] = [
        (name, fallback if name == b"mcp-protocol-version" and value not in known else value)
        for name, value in scope["headers"]
    ]
    return None


def _unbounded(parts: Parts) -> Any:
    return partial(parts.mcp.session_manager, max_request_body_size=1 << 30)


def _keeping(app: App) -> App:
    """Keep what is said in several forms, until it has been answered."""

    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        kept: list[str] = []

        async def heard() -> Message:
            message = await receive()
            part = message.get("body", b"")
            kept.extend((part.hex(), part.hex().upper()))
            return message

        await app(scope, heard, send)

    return edge


def _callers_id(stage: Stage) -> Stage:
    def bent(context: RequestContext, parts: Parts) -> Response | None:
        refusal = stage(context, parts)
        context.request_id = header(context, "x-request-id") or context.request_id
        return refusal

    return bent


def _peeking(app: App) -> App:
    """Look into the body for the method's name, and take for granted that there is one."""

    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        async def peeked() -> Message:
            message = await receive()
            context = scope.get(SCOPE_KEY)
            body = message.get("body", b"")
            if context and context.principal and body and not message.get("more_body"):
                _method_of(body)
            return message

        await app(scope, peeked, send)

    return edge


def _method_of(body: bytes) -> Any:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found.get("method") if not isinstance(found, list) else None


def _fixed(app: App) -> App:
    """Open sessions under the ids that clients send, each of which stands for the SDK's own."""
    own: dict[bytes, bytes] = {}

    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        fields = dict(scope.get("headers", ()))
        chosen = fields.get(_SESSION)
        others = [pair for pair in scope.get("headers", ()) if pair[0] != _SESSION]
        if chosen is None or (scope["method"] != "POST" and chosen not in own):
            await app(scope, receive, send)
            return
        body = await read_whole(receive)
        is_opening = _method_of(body) == "initialize"

        async def renamed(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = dict(message["headers"])
                if is_opening and _SESSION in answered:
                    own[chosen] = answered[_SESSION]
                message["headers"] = [
                    (name, chosen if name == _SESSION else value)
                    for name, value in message["headers"]
                ]
            await send(message)

        told = others if is_opening else [*others, (_SESSION, own.get(chosen, chosen))]
        await app({**scope, "headers": told}, replayed(body, receive), renamed)

    return edge


MUTANTS = (
    mutant(
        "session-ids-counted",
        "MCP-06",
        "Session ids count up.",
        parts=sessions_named(_counted),
    ),
    mutant(
        "session-ids-chosen-by-clients",
        "MCP-06",
        "A session is opened under the id that a client sends with `initialize`.",
        parts=replaced({"web.edge": lambda _: _fixed}),
    ),
    mutant(
        "session-id-is-enough",
        "MCP-08",
        "A request with a session's id needs no key.",
        parts=with_stage("authenticate", skip(_has_only_a_session)),
    ),
    mutant(
        "session-outlives-delete",
        "MCP-09",
        "DELETE is answered, and ends nothing.",
        parts=with_stage("open_audit_entry", before(_delete_ignored)),
    ),
    mutant(
        "protocol-version-ignored",
        "MCP-11",
        "Any protocol version is taken for the newest.",
        parts=with_stage("open_audit_entry", before(_any_version)),
    ),
    mutant(
        "body-unbounded",
        "MCP-12 MCP-29-b",
        "A body of any size is read, kept and parsed.",
        parts=replaced({"mcp.session_manager": _unbounded, "web.edge": lambda _: _keeping}),
    ),
    mutant(
        "callers-request-id-taken",
        "MCP-14",
        "The request id is whatever the caller says.",
        parts=with_stage("identify_request", _callers_id),
    ),
    mutant(
        "odd-message-crashes",
        "MCP-16",
        "A middleware takes for granted that a message is an object.",
        parts=replaced({"web.edge": lambda _: _peeking}),
    ),
)
