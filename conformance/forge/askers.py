"""Who may be asking: programs by their names, protocols by their versions."""

from __future__ import annotations

import base64
import secrets
from dataclasses import replace
from typing import Any

from conformance.forge.params import with_params
from conformance.forge.requests import SESSION_REVISIONS, STATELESS, Request

AGENTS = (
    ("kube-probe/1.31", "health"),
    ("ELB-HealthChecker/2.0", "healthcheck"),
    ("GoogleHC/1.0", "google-hc"),
    ("Prometheus/2.53.0", "prometheus"),
    ("curl/8.9.1", "curl"),
    ("mcp-inspector/0.17.0", "mcp-inspector"),
    ("claude-code/2.0.14 (cli)", "claude-code"),
    ("Claude-User", "claude-ai"),
    ("Cursor/1.7.44", "cursor-vscode"),
    ("openai-mcp/1.0.0", "openai-mcp"),
    ("node", "mcp-typescript client"),
    ("python-httpx/0.28.1", "mcp"),
    ("Go-http-client/1.1", "go-sdk"),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "googlebot"),
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "browser"),
    ("", ""),
)
"""User agents, each with a name that such a client gives itself in the protocol."""
_CLIENT = "clientInfo"
_VERSION = "protocolVersion"
_IN_META = "io.modelcontextprotocol/"
_OLDER = "2024-11-05"
_UNKNOWN = ("DRAFT-2026-v1", "2099-12-31", "1.0", "*")
REVISIONS = (STATELESS, *SESSION_REVISIONS, _OLDER, *_UNKNOWN)
_OF_A_SOCKET = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Protocol", "mcp"),
)


def by(request: Request, agent: str, name: str) -> Request:
    """Return a request as another program would send it."""
    return _saying(
        request.with_header("User-Agent", agent), _CLIENT, {"name": name, "version": "1"}
    )


def in_revision(request: Request, revision: str) -> Request:
    """Return a request that says to be of another revision of the protocol."""
    request = request.with_header("MCP-Protocol-Version", revision)
    return _saying(request, _VERSION, revision)


def with_upgrades(request: Request) -> dict[str, Request]:
    """Return requests that ask to go on in another protocol."""
    nonce = base64.b64encode(secrets.token_bytes(16)).decode()
    socket = request
    for name, value in (*_OF_A_SOCKET, ("Sec-WebSocket-Key", nonce)):
        socket = socket.with_header(name, value)
    plain = request.with_header("Connection", "Upgrade, HTTP2-Settings")
    plain = plain.with_header("Upgrade", "h2c").with_header(
        "HTTP2-Settings", "AAMAAABkAAQAoAAAAAIAAAAA"
    )
    return {
        "a WebSocket": replace(socket, method="GET", body=None, said=request.body),
        "a call that asks for a WebSocket": socket,
        "a call that asks for HTTP/2": plain,
    }


def _saying(request: Request, field: str, value: Any) -> Request:
    """Return a JSON-RPC request with what it says of its sender, where it says it, exchanged."""

    def change(params: dict[str, Any]) -> dict[str, Any]:
        meta: dict[str, Any] = params.get("_meta") or {}
        if field in params:
            params = {**params, field: value}
        if f"{_IN_META}{field}" in meta:
            params = {**params, "_meta": {**meta, f"{_IN_META}{field}": value}}
        return params

    return with_params(request, change)
