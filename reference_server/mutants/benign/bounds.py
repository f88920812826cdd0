"""Other bounds of what one caller may have open, and other ways to say that one is reached."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from reference_server.mutants.bending import replaced
from reference_server.mutants.benign.edge import benign
from reference_server.mutants.mcp.neighbours import bounded
from reference_server.mutants.rate.bounds import managed_by
from reference_server.protocol.events import MOST_OWN, SessionManager

if TYPE_CHECKING:
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


VARIANTS = (
    benign(
        "tighter-bounds",
        "Connections, heads, trailers and the queue of a connection have other, smaller bounds.",
        touches=_BOUNDS,
        parts=bounded(
            connections_per_address=40, head_seconds=1.0, framing_bytes=4096, queued_requests=2
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
)
