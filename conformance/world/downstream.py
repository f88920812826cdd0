"""An API that tools call with a credential, and that tells the judge what has reached it.

Any path is answered: ``{"ok": true}`` to who shows a credential, 401 to who shows none. A path that
ends with ``/refused`` is answered with 403, in a text that quotes the credential, as many an API
does. What has come, ``GET /.hallmark/calls?word=WORD`` tells whoever knows the control word, as
JSON: ``{"calls": [{"method", "path", "headers": [[name, value]], "body"}]}``, those that hold
``WORD``.
"""

from __future__ import annotations

import hmac
import json
import select
from collections import deque
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from typing import TextIO

CALLS = "/.hallmark/calls"
REFUSED = "/refused"
_SHOWING = ("authorization", "x-api-key", "x-goog-api-key", "api-key")
"""Headers in which APIs take a key."""
_MOST_CALLS = 2000
_LONGEST_BODY = 16 * 1024
_SECONDS = 5.0
_LOOK_SECONDS = 0.2
"""Between two looks at whether to go on."""


@dataclass(frozen=True)
class Call:
    """A request that came, as it came; of a long body, its beginning."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: str

    def holds(self, word: str) -> bool:
        """Tell whether a word stands anywhere in it."""
        return word in json.dumps(asdict(self), ensure_ascii=False)


def serve(address: tuple[str, int], control: str, until: TextIO | None) -> None:
    """Serve until interrupted, or until a stream ends; OSError where the address is not free."""
    with DownstreamApi(address, control) as server:
        while until is None or not _has_ended(until):
            server.handle_request()


def _has_ended(stream: TextIO) -> bool:
    """Tell whether a stream has ended into which nobody writes."""
    return bool(select.select([stream], [], [], 0)[0])


class DownstreamApi(ThreadingHTTPServer):
    """The server. Port 0 takes a free one."""

    daemon_threads = True
    timeout = _LOOK_SECONDS
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], control: str) -> None:
        self.control = control
        self.calls: deque[Call] = deque(maxlen=_MOST_CALLS)
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server for the machine's name, as the base class does."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a caller that broke off."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _SECONDS
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        server = cast("DownstreamApi", self.server)
        parts = urlsplit(self.path)
        if parts.path == CALLS:
            self._tell(server, parse_qs(parts.query).get("word", [""])[0])
            return
        call = Call(self.command, self.path, tuple(self.headers.items()), self._body())
        server.calls.append(call)
        shown = next((self.headers[name] for name in _SHOWING if name in self.headers), None)
        if shown is None:
            self._answer(401, {"error": "no credential"})
        elif parts.path.endswith(REFUSED):
            self._answer(403, {"error": f"the credential {shown} is not valid here"})
        else:
            self._answer(200, {"ok": True})

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 -- the base class's names

    def _body(self) -> str:
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = 0
        self.close_connection = True
        return self.rfile.read(max(0, min(length, _LONGEST_BODY))).decode("utf-8", "replace")

    def _tell(self, server: DownstreamApi, word: str) -> None:
        shown = (self.headers.get("Authorization") or "").encode()
        if not hmac.compare_digest(shown, f"Bearer {server.control}".encode()):
            self._answer(401, {"error": "unauthorized"})
            return
        self._answer(
            200, {"calls": [asdict(one) for one in tuple(server.calls) if one.holds(word)]}
        )

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        """Stay silent."""
