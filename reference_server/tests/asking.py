"""Requests of both eras as a client sends them, for tests of what a socket shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

MODERN = "2026-07-28"
SESSIONS = "2025-11-25"
ACCEPT = "application/json, text/event-stream"


def meta(able: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `_meta` of a request of a client with these capabilities."""
    return {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": dict(able),
    }


def stateless(
    method: str, key: str, params: Mapping[str, Any], able: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return headers and body of a request of revision 2026-07-28, for httpx."""
    headers = {
        "X-Api-Key": key,
        "Accept": ACCEPT,
        "MCP-Protocol-Version": MODERN,
        "Mcp-Method": method,
    }
    if named := params.get("name") or params.get("uri") or params.get("taskId"):
        headers["Mcp-Name"] = named
    told = {**params, "_meta": meta(able or {})}
    return {
        "headers": headers,
        "json": {"jsonrpc": "2.0", "id": 1, "method": method, "params": told},
    }


def post(
    origin: str,
    method: str,
    key: str,
    params: Mapping[str, Any],
    able: Mapping[str, Any] | None = None,
) -> httpx.Response:
    """Return the answer to a request of revision 2026-07-28."""
    return httpx.post(f"{origin}/mcp", **stateless(method, key, params, able))


def in_session(origin: str, key: str, session: str, **sent: Any) -> httpx.Response:
    """Post a message of the session era; ``session`` is empty where none is open yet."""
    headers = {"X-Api-Key": key, "Accept": ACCEPT, "MCP-Protocol-Version": SESSIONS}
    if session:
        headers["Mcp-Session-Id"] = session
    return httpx.post(f"{origin}/mcp", headers=headers, json={"jsonrpc": "2.0", **sent})


def open_session(origin: str, key: str, able: Mapping[str, Any] | None = None) -> str:
    """Open a session of a client with these capabilities, and return its id."""
    client = {"name": "test", "version": "1"}
    params = {"protocolVersion": SESSIONS, "capabilities": able or {}, "clientInfo": client}
    answer = in_session(origin, key, "", id=0, method="initialize", params=params)
    # A response that comes at once is a document, though the SDK begins a stream for it.
    assert answer.headers["content-type"] == "application/json"
    session = answer.headers["mcp-session-id"]
    in_session(origin, key, session, method="notifications/initialized")
    return session
