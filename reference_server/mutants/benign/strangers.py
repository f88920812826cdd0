"""Benign variants that meet strangers with other words than the application's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reference_server.mutants.bending import replaced
from reference_server.mutants.benign.edge import answer, benign

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reference_server.mutants.benign.edge import App, Receive, Scope, Send
    from reference_server.parts import Parts

    Fields = Mapping[bytes, bytes]

_WELL_FORMED = re.compile(rb"(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?", re.IGNORECASE)
_HEARSAY = (b"x-forwarded-user", b"x-tenant-id", b"x-internal", b"x-ssl-client-verify")


def _turning_away(
    decide: Callable[[Scope, Fields], int | None], body: str = '{"message": "Request blocked"}'
) -> Callable[[Parts], Parts]:
    """Return a change of parts by which an edge turns some requests away with a status."""

    def around(app: App) -> App:
        async def edge(scope: Scope, receive: Receive, send: Send) -> None:
            status = decide(scope, dict(scope["headers"])) if scope["type"] == "http" else None
            if status is None:
                await app(scope, receive, send)
                return
            await answer(send, status, body, "application/json" if body else "")

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


def _malformed(scope: Scope, fields: Fields) -> int | None:
    """Refuse, as RFC 9112 section 3.2 asks, where there is not one well-formed Host."""
    del fields  # of a field that comes twice they hold one
    asked = [value for name, value in scope["headers"] if name == b"host"]
    return None if len(asked) == 1 and _WELL_FORMED.fullmatch(asked[0]) else 400


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
        await answer(send, 200, body, kind)

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
    benign(
        "malformed-host-refused-first",
        "A Host that is malformed or repeated gets 400 before any key is read.",
        parts=_turning_away(_malformed, body=""),
    ),
)
