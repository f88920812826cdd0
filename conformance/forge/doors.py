"""Routes beside an MCP endpoint that lead to the same tools, or tell of them."""

from __future__ import annotations

_LEGACY = ("messages", "message", "sse", "rpc")
"""What the transport before Streamable HTTP called its routes, and what others call theirs."""
_TWINS = (
    "/api/mcp",
    "/v1/mcp",
    "/mcp/v1",
    "/internal/mcp",
    "/debug/mcp",
    "/.well-known/mcp",
)
_STREAMS = ("sse", "events", "stream")
_PAGES = (
    "/.well-known/mcp.json",
    "/.well-known/mcp/server-card.json",
    "/.well-known/agent.json",
    "/metrics",
    "/debug",
    "/debug/vars",
    "/debug/sessions",
    "/sessions",
    "/debug/config",
    "/config",
    "/env",
    "/actuator/env",
    "/actuator/metrics",
    "/status",
    "/info",
    "/tools",
    "/api/tools",
    "/tenants",
    "/keys",
    "/logs",
    "/docs",
    "/openapi.json",
)
_MOST = 14
"""The most routes that are called; with the streams and the pages they stay about forty."""


def calls(path: str) -> list[str]:
    """Return routes that may take the messages of the endpoint at ``path``, most likely first."""
    own, parent = _places(path)
    found = [f"{parent}/{name}" for name in _LEGACY[:3]]
    found += [f"{own}/", *(f"{own}/{name}" for name in _LEGACY[:2])]
    found += [f"/{name}" for name in _LEGACY] + ["/messages/", *_TWINS]
    return _others(found, path)[:_MOST]


def streams(path: str) -> list[str]:
    """Return routes that may open a stream of events, most likely first."""
    own, parent = _places(path)
    found = [f"{parent}/{name}" for name in _STREAMS] + [f"{own}/sse", "/sse"]
    return _others(found, path)


def pages(path: str) -> list[str]:
    """Return routes that may tell of the server at work, its documents among them."""
    return _others(list(_PAGES), path)


def _places(path: str) -> tuple[str, str]:
    """Return the endpoint's path and its parent's, without the slash at the end."""
    own = path.partition("?")[0].rstrip("/")
    return own, own.rpartition("/")[0]


def _others(found: list[str], path: str) -> list[str]:
    return [route for route in dict.fromkeys(found) if route != path]
