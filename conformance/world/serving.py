"""What the small servers share: how they listen, answer, and end with whoever started them."""

from __future__ import annotations

import hmac
import json
import select
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

_SECONDS = 5.0
_LOOK_SECONDS = 0.2
"""Between two looks at whether to go on."""
_JSON = "application/json"


class WorldServer(ThreadingHTTPServer):
    """A server with a thread for each connection. Port 0 takes a free one."""

    daemon_threads = True
    timeout = _LOOK_SECONDS
    request_queue_size = 64

    def server_bind(self) -> None:
        """Bind without asking a name server for the machine's name, as the base class does."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a caller that broke off."""

    def serve_until(self, stream: TextIO | None) -> None:
        """Serve until interrupted, or until a stream ends into which nobody writes."""
        while stream is None or not select.select([stream], [], [], 0)[0]:
            self.handle_request()


class WorldHandler(BaseHTTPRequestHandler):
    """Reads one request of a connection, and answers it."""

    timeout = _SECONDS
    protocol_version = "HTTP/1.1"

    def body(self, most: int) -> bytes:
        """Return what was sent, at most so many bytes; the connection then ends."""
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = 0
        self.close_connection = True
        return self.rfile.read(max(0, min(length, most)))

    def shows(self, word: str) -> bool:
        """Tell whether the request has a word for its bearer token."""
        shown = (self.headers.get("Authorization") or "").encode()
        return hmac.compare_digest(shown, f"Bearer {word}".encode())

    def answer(self, status: int, document: Mapping[str, Any]) -> None:
        """Answer with a JSON document."""
        self.answer_with(status, json.dumps(document).encode(), {"Content-Type": _JSON})

    def answer_with(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        """Answer with a body, and headers beside its length."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        """Stay silent."""
