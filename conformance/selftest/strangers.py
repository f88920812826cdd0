"""Things that speak HTTP and are no MCP server: what a mistyped URL may lead to."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar, cast


class Stranger(BaseHTTPRequestHandler):
    """Answers whatever it is with the same, as its class has it."""

    protocol_version = "HTTP/1.1"
    status: ClassVar[int] = 200
    kind: ClassVar[str] = "text/html"
    page: ClassVar[bytes] = b""
    more: ClassVar[dict[str, str]] = {}

    def answer(self) -> None:
        """Serve one request of any method."""
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = self.body_for(sent)
        self.send_response(self.status)
        for name, value in self.more.items():
            self.send_header(name, value)
        self.send_header("Content-Type", self.kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def body_for(self, sent: bytes) -> bytes:
        """Return the body of the answer to what was sent."""
        del sent
        return self.page

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        """Stay silent."""

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer
    do_OPTIONS = answer


class NotFound(Stranger):
    """Serves files, of which this is none."""

    status = 404
    page = b"<html><head><title>404 Not Found</title></head><body>nginx</body></html>"


class SinglePage(Stranger):
    """Shows its one page under every address."""

    page = b'<!doctype html><html><body><div id="root"></div></body></html>'


class RestNotFound(Stranger):
    """Serves an API that has no such route."""

    status, kind = 404, "application/json"
    page = b'{"error":{"code":404,"message":"no such route"}}'


class RestNoSuchMethod(Stranger):
    """Serves an API whose route takes no POST."""

    status, kind = 405, "application/json"
    page = b'{"error":"method not allowed"}'
    more: ClassVar[dict[str, str]] = {"Allow": "GET"}


class Elsewhere(Stranger):
    """Has moved."""

    status = 301
    more: ClassVar[dict[str, str]] = {"Location": "https://www.example.com/new?token=abc"}


class Slash(Stranger):
    """Has the route with a slash at its end."""

    status = 307
    more: ClassVar[dict[str, str]] = {"Location": "/mcp/"}


class SignIn(Stranger):
    """Sends whoever is unknown to a page to sign in."""

    status = 302
    more: ClassVar[dict[str, str]] = {"Location": "https://sso.example.com/login?next=%2Fmcp"}


class OtherRpc(Stranger):
    """Speaks JSON-RPC, and of none of MCP's methods."""

    kind = "application/json"

    def body_for(self, sent: bytes) -> bytes:
        """Answer as JSON-RPC 2.0 section 5.1 has it."""
        message: Any = json.loads(sent or b"{}")
        own = cast("dict[str, Any]", message).get("id")
        error = {"code": -32601, "message": "the method does not exist"}
        return json.dumps({"jsonrpc": "2.0", "id": own, "error": error}).encode()


class Echo(Stranger):
    """Sends back what it is sent."""

    kind = "application/json"

    def body_for(self, sent: bytes) -> bytes:
        """Return it."""
        return sent


class PlainText(Stranger):
    """Says that it is well, whoever asks."""

    kind, page = "text/plain", b"OK\n"


class Upgrade(Stranger):
    """Wants another version of HTTP."""

    status, kind, page = 426, "text/plain", b"upgrade required\n"
    more: ClassVar[dict[str, str]] = {"Upgrade": "h2c", "Connection": "Upgrade"}


class NewerHttp(Stranger):
    """Says so with 400."""

    status, kind, page = 400, "text/plain", b"this server speaks HTTP/2 only\n"


class OldTransport(Stranger):
    """Speaks HTTP+SSE: a stream of events that names where to post, and no POST here."""

    status, kind, page = 405, "text/plain", b"Method Not Allowed"

    def do_GET(self) -> None:
        """Open the stream, and end it: what it begins with tells enough."""
        events = b"event: endpoint\r\ndata: /messages/?session_id=0123456789abcdef\r\n\r\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Content-Length", str(len(events)))
        self.end_headers()
        self.wfile.write(events)
