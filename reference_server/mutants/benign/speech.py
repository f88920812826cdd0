"""Other forms of speech: revisions, event streams, sessions' names, other words and statuses."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from http import HTTPStatus
from itertools import cycle
from typing import TYPE_CHECKING, Any, cast

from flask import Response, request
from mcp.server import runner
from mcp_types import UNSUPPORTED_PROTOCOL_VERSION

from reference_server.mutants.bending import before, header, replaced, with_stage
from reference_server.mutants.benign.edge import (
    answer,
    benign,
    json_rewritten,
    rewritten,
    sessions_named,
)
from reference_server.web.answers import error

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.context import RequestContext
    from reference_server.mutants.benign.edge import App, Message, Receive, Reply, Scope, Send
    from reference_server.parts import Parts

STATELESS = "2026-07-28"
SESSIONS = ("2025-03-26", "2025-06-18", "2025-11-25")
ABOUT_HEADERS = "MCP-24"
OF_THE_NEWEST = "MCP-20 MCP-22 MCP-25"
ABOUT_SESSIONS = "MCP-06 MCP-07 MCP-08 MCP-09 MCP-19"


def _speaking(*revisions: str) -> Callable[[Parts], Parts]:
    """Return a change of parts: other revisions are refused, once the caller is known."""

    def refuse(context: RequestContext, parts: Parts) -> Response | None:
        del parts
        if context.path != "/mcp":
            return None
        asked = header(context, "mcp-protocol-version")
        # Without the header it is a conversation with a session, or the beginning of one.
        served = asked in revisions if asked is not None else revisions != (STATELESS,)
        return None if served else _unsupported(asked, revisions)

    def bend(parts: Parts) -> Parts:
        spoken = tuple(name for name in revisions if name != STATELESS)
        if spoken:
            for name, value in (
                ("HANDSHAKE_PROTOCOL_VERSIONS", spoken),
                ("LATEST_HANDSHAKE_VERSION", spoken[-1]),
            ):
                setattr(runner, name, value)  # the SDK has no other door
        return with_stage("open_audit_entry", before(refuse))(parts)

    return bend


def _unsupported(asked: str | None, revisions: tuple[str, ...]) -> Response:
    body = {
        "jsonrpc": "2.0",
        "id": None,
        "error": {
            "code": UNSUPPORTED_PROTOCOL_VERSION,
            "message": "Unsupported protocol version",
            "data": {"supported": list(revisions), "requested": asked or "none"},
        },
    }
    return Response(json.dumps(body), HTTPStatus.BAD_REQUEST, content_type="application/json")


def _streamed(reply: Reply) -> Reply:
    """Answer a call with an event stream, with all that the format has: SSE, section 9.2."""
    is_call = reply.scope["method"] == "POST" and reply.scope["path"] == "/mcp"
    is_wanted = b"text/event-stream" in reply.asked(b"accept")
    if not (is_call and is_wanted and reply.is_json and reply.status == HTTPStatus.OK):
        return reply
    indented = json.dumps(json.loads(reply.body), indent=1).encode()
    lines = b"\r\n".join(b"data:" + line for line in indented.split(b"\n"))
    first = b": hello\r\n\r\nid: 1\r\nretry: 3000\r\ndata:\r\n\r\n"
    body = first + b"event: message\r\nid: 2\r\n" + lines + b"\r\n\r\n"
    return replace(reply, body=body, piece=11).with_field(b"content-type", b"text/event-stream")


def _with_a_hint(reply: Reply) -> Reply:
    key = reply.asked(b"x-api-key")
    if reply.status != HTTPStatus.OK or not key:
        return reply
    return reply.with_field(b"x-key-hint", b"****" + key[-4:])


def _with_more(found: Any, reply: Reply) -> Any:
    """Add what a result may hold beside what was asked for."""
    if reply.status != HTTPStatus.OK or not isinstance(found, dict):
        return found
    table = cast("dict[str, Any]", found)
    result = table.get("result")
    if isinstance(result, dict):
        return {**table, "result": _richer(cast("dict[str, Any]", result))}
    return {**table, "notice": "Keep it safe."} if "apiKey" in table else table


def _richer(result: dict[str, Any]) -> dict[str, Any]:
    meta = {"example.org/region": "north", **result.get("_meta", {})}
    if not isinstance(result.get("structuredContent"), dict):
        return {**result, "_meta": meta}
    more = {"region": "north", **result["structuredContent"]}
    content = [{"type": "text", "text": json.dumps(more), "annotations": {"priority": 1}}]
    return {**result, "_meta": meta, "structuredContent": more, "content": content}


OTHERWISE = {
    HTTPStatus.NOT_ACCEPTABLE: HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.UNPROCESSABLE_ENTITY,
}


def _otherwise(reply: Reply) -> Reply:
    """Refuse malformed input with another client error, where only the class is stated."""
    status = OTHERWISE.get(HTTPStatus(reply.status), reply.status)
    if b"-32700" in reply.body or b"invalid_request" in reply.body:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    return replace(reply, status=int(status))


def _challenged(reply: Reply) -> Reply:
    if reply.status != HTTPStatus.UNAUTHORIZED:
        return reply
    others = b'X-Key-Auth realm="tools, inc.", charset="UTF-8", Negotiate'
    own = reply.field(b"www-authenticate")
    bearer = own[own.find(b"Bearer ") :] if b"Bearer " in own else b""
    return reply.with_field(b"www-authenticate", b", ".join(filter(None, (others, bearer))))


def _failed_otherwise(error: Exception, context: RequestContext) -> str:
    del error, context
    return "Sorry, that did not work. Try again later, or ask those who run this server."


def _sessionless(parts: Parts) -> Any:
    def make(server: Any, **options: Any) -> Any:
        return parts.mcp.session_manager(server, **{**options, "stateless": True})

    return make


def _keep_sessions(context: RequestContext, parts: Parts) -> Response | None:
    del parts
    if (context.method, context.path) != ("DELETE", "/mcp"):
        return None
    answer = error(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed")
    answer.headers["Allow"] = "GET, POST"
    return answer


def _disregard_accept(context: RequestContext, parts: Parts) -> Response | None:
    del context, parts
    scope = request.environ["asgi.scope"]
    both = {b"accept": b"application/json, text/event-stream"}
    scope["headers"] = [(name, both.get(name, value)) for name, value in scope["headers"]]
    return None


def _long_id() -> str:
    return f"mcp.{secrets.token_urlsafe(48)}~v1"


def _one_rotation_at_a_time(app: App) -> App:
    statuses = cycle((HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE))
    rotating: set[int] = set()

    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        async def answered(message: Message) -> None:
            rotating.discard(id(scope))  # before the answer is out, or the next would meet this one
            await send(message)

        if scope.get("path") != "/admin/api-keys/rotate":
            await app(scope, receive, send)
        elif rotating:
            await answer(send, next(statuses), '{"error":"busy"}', "application/json")
        else:
            rotating.add(id(scope))
            try:
                await app(scope, receive, answered)
            finally:
                rotating.discard(id(scope))

    return edge


_UNAVAILABLE = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"unavailable"}}'


def _errors_as_answers(reply: Reply) -> Reply:
    """Answer in the protocol's own words with 200 where a call could not be written down."""
    if reply.status != HTTPStatus.SERVICE_UNAVAILABLE or reply.scope["path"] != "/mcp":
        return reply
    told = replace(reply, status=HTTPStatus.OK, body=_UNAVAILABLE)
    told = told.with_field(b"content-type", b"application/json")
    return told.with_field(b"content-length", str(len(_UNAVAILABLE)).encode())


VARIANTS = (
    benign(
        "unavailable-as-an-error-of-the-protocol",
        "A call that cannot be written down is answered with 200 and a JSON-RPC error.",
        parts=rewritten(_errors_as_answers),
    ),
    benign(
        "sessions-only",
        "The revisions with sessions are spoken, the stateless one is not.",
        lacks=f"{ABOUT_HEADERS} {OF_THE_NEWEST}",
        parts=_speaking(*SESSIONS),
    ),
    benign(
        "newest-sessions-only",
        "One revision is spoken, 2025-11-25.",
        lacks=f"{ABOUT_HEADERS} {OF_THE_NEWEST}",
        parts=_speaking(SESSIONS[-1]),
    ),
    benign(
        "stateless-only",
        "One revision is spoken, 2026-07-28, which has no sessions.",
        lacks=ABOUT_SESSIONS,
        parts=_speaking(STATELESS),
    ),
    benign(
        "sessionless",
        "All revisions are spoken, and no session is ever opened, as none need be.",
        lacks=ABOUT_SESSIONS,
        parts=replaced({"mcp.session_manager": _sessionless}),
    ),
    benign(
        "sessions-not-deletable",
        "Clients cannot end a session: DELETE gets 405, as it may.",
        lacks="MCP-09",
        parts=with_stage("open_audit_entry", before(_keep_sessions)),
    ),
    benign(
        "accept-disregarded",
        "Whatever a caller accepts, it gets what there is, as HTTP allows.",
        parts=with_stage("open_audit_entry", before(_disregard_accept)),
    ),
    benign(
        "event-streams",
        "Calls are answered with event streams: comments, ids, data over several lines.",
        parts=rewritten(_streamed),
    ),
    benign(
        "results-say-more",
        "Results hold more than was asked for.",
        parts=json_rewritten(_with_more),
    ),
    benign(
        "other-client-errors",
        "Malformed input is refused with 400 or 422 where others are usual.",
        parts=rewritten(_otherwise),
    ),
    benign(
        "two-challenges",
        "A 401 challenges with two more schemes, one of them without parameters.",
        parts=rewritten(_challenged),
    ),
    benign(
        "tool-failure-in-other-words",
        "A failed tool is told of in other words, without the request's id.",
        parts=replaced({"mcp.describe_failure": lambda _: _failed_otherwise}),
    ),
    benign(
        "long-session-ids",
        "Session ids are longer, with a fixed start and end, from another alphabet.",
        parts=sessions_named(_long_id),
    ),
    benign(
        "keys-told-masked",
        "Who is let in is told the last four characters of the key, as on a card.",
        parts=rewritten(_with_a_hint),
    ),
    benign(
        "one-rotation-at-a-time",
        "A rotation that meets another one is refused with 409 or 503.",
        parts=replaced({"web.edge": lambda _: _one_rotation_at_a_time}),
    ),
)
