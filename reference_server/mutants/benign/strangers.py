"""Benign variants that meet strangers with other words than the application's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from reference_server.mutants.bending import replaced
from reference_server.mutants.benign.edge import benign

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reference_server.mutants.benign.edge import App, Receive, Scope, Send
    from reference_server.parts import Parts

    Fields = Mapping[bytes, bytes]

_HEARSAY = (b"x-forwarded-user", b"x-tenant-id", b"x-internal", b"x-ssl-client-verify")


def _turning_away(
    decide: Callable[[Scope, Fields], int | None],
) -> Callable[[Parts], Parts]:
    """Return a change of parts by which an edge answers some requests with a bare status."""

    def around(app: App) -> App:
        async def edge(scope: Scope, receive: Receive, send: Send) -> None:
            status = decide(scope, dict(scope["headers"])) if scope["type"] == "http" else None
            if status is None:
                await app(scope, receive, send)
                return
            body = json.dumps({"message": "Request blocked"}).encode()
            fields = [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
            ]
            await send({"type": "http.response.start", "status": status, "headers": fields})
            await send({"type": "http.response.body", "body": body})

        return edge

    return replaced({"web.edge": lambda _: around})


def _hearsay(scope: Scope, fields: Fields) -> int | None:
    del scope
    return 400 if any(name in fields for name in _HEARSAY) else None


def _unusual(scope: Scope, fields: Fields) -> int | None:
    """Turn robots away, and whoever speaks an old HTTP or wants to speak something else."""
    if b"upgrade" in fields:
        return 426
    if scope["http_version"] == "1.0":
        return 505
    return 403 if b"bot" in fields.get(b"user-agent", b"").lower() else None


_PAGES = {
    "/metrics": ("text/plain", 'http_requests_total{status="401"} 12\n'),
    "/openapi.json": (
        "application/json",
        '{"openapi":"3.1.0","info":{"title":"API","version":"1"},"paths":{"/v1/keys":{"post":{}}}}',
    ),
    "/status": ("application/json", '{"result":"ok"}'),
    "/.well-known/mcp.json": (
        "application/json",
        '{"name":"server","tools":[{"name":"ping","inputSchema":{"type":"object"}}]}',
    ),
    "/sse": ("text/event-stream", ": moved to /mcp\n\n"),
}
_FRONT = ("text/html", "<!doctype html><title>Product</title><h1>Sign in</h1>")


def _with_pages(app: App) -> App:
    """Serve what is for everybody, and the front page to whoever looks for something else."""

    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        is_page = (
            scope["type"] == "http"
            and scope["method"] == "GET"
            and (
                scope["path"] in _PAGES
                or b"text/html" in dict(scope["headers"]).get(b"accept", b"")
            )
        )
        if not is_page:
            await app(scope, receive, send)
            return
        kind, body = _PAGES.get(scope["path"], _FRONT)
        fields = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": body.encode()})

    return edge


VARIANTS = (
    benign(
        "pages-for-everybody",
        "Metrics, documents and a card are public, and any other page is the front page.",
        parts=replaced({"web.edge": lambda _: _with_pages}),
    ),
    benign(
        "unusual-callers-turned-away",
        "Robots get 403, HTTP/1.0 gets 505 and an upgrade 426 before any key is read.",
        parts=_turning_away(_unusual),
    ),
    benign(
        "hearsay-refused-first",
        "Whoever claims to come through a proxy gets 400 before any key is read.",
        parts=_turning_away(_hearsay),
    ),
)
