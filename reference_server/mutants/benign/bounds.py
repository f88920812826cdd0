"""Other bounds of what one caller may have open, and other ways to say that one is reached."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from reference_server.mutants.bending import replaced
from reference_server.mutants.benign.edge import benign
from reference_server.mutants.mcp.neighbours import bounded
from reference_server.mutants.rate.bounds import managed_by
from reference_server.protocol.events import MOST_OWN, SessionManager

if TYPE_CHECKING:
    from reference_server.core.settings import Settings
    from reference_server.mutants.benign.edge import App, Receive, Scope, Send
    from reference_server.serving.parser import BoundedHttp

_BOUNDS = frozenset({"MCP-29", "MCP-29-b", "MCP-30", "RATE-12", "RATE-12-b"})
_LATE = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class _RefusesTheNext(SessionManager):
    """Refuses a principal's next session, where it has as many as it may."""

    async def handle_request(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        owner = scope["user"].access_token.client_id
        own = [one for one in self._session_owners.values() if owner in str(one)]
        is_opening = scope["method"] == "POST" and b"mcp-session-id" not in headers
        if is_opening and len(own) >= MOST_OWN and b"mcp-method" not in headers:
            await Response(status_code=HTTPStatus.TOO_MANY_REQUESTS)(scope, receive, send)
            return
        await super().handle_request(scope, receive, send)


def _telling(kind: type[BoundedHttp]) -> type[BoundedHttp]:
    """Tell a client that its head was late, before the connection closes."""

    class Telling(kind):  # type: ignore[misc, valid-type]
        def _end_late_head(self) -> None:
            if not self.transport.is_closing():
                self.transport.write(_LATE)
            super()._end_late_head()

    return Telling


_PROXY = "192.0.2.50"
_FORWARDED = b"x-forwarded-for"


def _behind_a_proxy(app: App) -> App:
    """Have requests come from a proxy, which adds whose they are to what they say of that."""

    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope.get("client"):
            client, port = scope["client"]
            fields = scope["headers"]
            told = [value for name, value in fields if name == _FORWARDED]
            others = [pair for pair in fields if pair[0] != _FORWARDED]
            entry = (_FORWARDED, b", ".join([*told, client.encode()]))
            scope = {**scope, "client": (_PROXY, port), "headers": [*others, entry]}
        await app(scope, receive, send)

    return edge


def _trusting_it(settings: Settings) -> Settings:
    # With --testing nobody may be spoken for: such a server stands alone.
    trusted = () if settings.testing else (ip_network(_PROXY),)
    return replace(settings, trusted_proxies=trusted)


VARIANTS = (
    benign(
        "tighter-bounds",
        "Connections, heads, trailers and the queue of a connection have other, smaller bounds.",
        touches=_BOUNDS,
        parts=bounded(
            connections_per_address=100, head_seconds=1.0, framing_bytes=4096, queued_requests=2
        ),
    ),
    benign(
        "late-heads-are-told",
        "Whoever takes too long for a head is answered 408 before the connection closes.",
        touches=_BOUNDS,
        parts=replaced({"web.protocol": lambda _: _telling}),
    ),
    benign(
        "next-session-refused",
        "A principal with as many sessions as it may have is refused the next one with 429.",
        touches=_BOUNDS,
        parts=managed_by(_RefusesTheNext),
    ),
    benign(
        "behind-a-trusted-proxy",
        "All requests come from a proxy, whose word for a client's address is taken.",
        touches=_BOUNDS | {"BLOCK-01", "BLOCK-02", "BLOCK-06", "RATE-01", "RATE-07", "RATE-08"},
        settings=_trusting_it,
        parts=replaced({"web.edge": lambda _: _behind_a_proxy}),
    ),
)
