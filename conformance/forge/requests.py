"""JSON-RPC requests in the dialects of the protocol: sessions (2025) and stateless (2026)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, cast

from conformance.forge import guise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STATELESS = "2026-07-28"
SESSION_REVISIONS = ("2025-11-25", "2025-06-18", "2025-03-26")
LISTED = {
    "tools/list": "tools",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
    "prompts/list": "prompts",
}
"""What a server lists, by the method, and where it stands in a page of the result."""
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
"""Where a stateless request says what its client can do: nothing, unless ``_meta`` has it."""
_SMALL = 1 << 16
"""Bytes of a body that is no attempt at excess."""
_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_OF_TASKS = "tasks/"


class Ear(Protocol):
    """Hears an answer as it comes, in the thread that reads it, for ``seconds`` at most."""

    seconds: float

    def begin(self, status: int, headers: tuple[tuple[str, str], ...], line: Any) -> None:
        """Hear its head; ``line`` is the socket that the rest comes on, None where unknown."""
        ...

    def hear(self, chunk: bytes) -> None:
        """Hear some more of its body."""
        ...


@dataclass(frozen=True)
class Request:
    """One HTTP request, to be varied one field at a time with ``but``.

    ``omitted`` are headers that every request has, in small letters, and this one lacks.
    ``version`` is that of HTTP which it names. ``said`` is the message to send on a WebSocket, if
    the answer is that there is one from now on. ``heard`` is told what has come of an event stream,
    each time that there is more, and may send other requests meanwhile. With an ``ear`` the answer
    is read to its end.
    """

    method: str = "POST"
    path: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    repeated: tuple[tuple[str, str], ...] = field(default=())
    omitted: frozenset[str] = frozenset()
    version: str = "1.1"
    said: bytes | None = None
    heard: Callable[[bytes], None] | None = field(default=None, compare=False)
    ear: Ear | None = field(default=None, compare=False, repr=False)

    def but(self, **changes: Any) -> Request:
        """Return the same request with the named fields changed."""
        return replace(self, **changes)

    def with_header(self, name: str, value: str | None) -> Request:
        """Return the same request with one header set, or removed when ``value`` is None."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=kept if value is None else (*kept, (name, value)))


def rpc(
    method: str,
    params: dict[str, Any] | None = None,
    *,
    revision: str,
    session: str | None = None,
    message_id: int | None = 1,
) -> Request:
    """Return a JSON-RPC request in a revision's form; without ``message_id``, a notification."""
    params = dict(params or {})
    headers = [
        ("Content-Type", "application/json"),
        ("Accept", "application/json, text/event-stream"),
    ]
    if revision == STATELESS:
        params["_meta"] = {
            **params.get("_meta", {}),
            "io.modelcontextprotocol/protocolVersion": revision,
            "io.modelcontextprotocol/clientInfo": guise.current().client,
            CAPABILITIES: {},
            **params.get("_meta", {}),
        }
        headers += [("MCP-Protocol-Version", revision), ("Mcp-Method", method)]
        name = "taskId" if method.startswith(_OF_TASKS) else _NAMED.get(method)
        if name in params:
            headers.append(("Mcp-Name", str(params[name])))
    elif method != "initialize":
        headers.append(("MCP-Protocol-Version", revision))
        if session is not None:
            headers.append(("Mcp-Session-Id", session))
    message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
    if message_id is not None:
        message["id"] = message_id
    return Request(headers=tuple(headers), body=json.dumps(message).encode())


def message_id(request: Request) -> int | str | None:
    """Return the id of the JSON-RPC call a request holds; None where it is anything else."""
    if not request.body or len(request.body) > _SMALL:
        return None
    try:
        found: Any = json.loads(request.body)
    except (ValueError, RecursionError):
        return None
    own: Any = cast("dict[str, Any]", found).get("id") if isinstance(found, dict) else None
    return own if isinstance(own, (int, str)) else None


def opening(revision: str, message_id: int = 1, able: Mapping[str, Any] | None = None) -> Request:
    """Return the request that a client of ``revision`` sends first; it has no effect on data.

    ``able`` are capabilities that it tells of in a session's first request.
    """
    if revision == STATELESS:
        return rpc("server/discover", revision=revision, message_id=message_id)
    client = guise.current().client
    return rpc(
        "initialize",
        {"protocolVersion": revision, "capabilities": able or {}, "clientInfo": client},
        revision=revision,
        message_id=message_id,
    )


def tool_call(
    name: str,
    arguments: dict[str, Any],
    *,
    revision: str,
    session: str | None,
    message_id: int = 1,
) -> Request:
    """Return a call of one tool. Two calls in one session need different ``message_id``."""
    params = {"name": name, "arguments": arguments}
    return rpc("tools/call", params, revision=revision, session=session, message_id=message_id)
