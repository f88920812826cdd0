"""Waits on loopback for a browser to come back with the answer to an authorization request."""

from __future__ import annotations

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Generator

HOST, PATH = "127.0.0.1", "/callback"
_SECONDS = 5.0
"""How long one connection may take: what a browser opens and leaves open keeps nobody waiting."""
_PAGE = b"Hallmark has its answer. You can close this window.\n"
_MOST = 50


class Callback:
    """A redirect URI of this machine's, and what came there (RFC 8252 section 7.3)."""

    def __init__(self, server: HTTPServer, path: str) -> None:
        self._server, self._path = server, path
        self.came: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        """The redirect URI."""
        return f"http://{HOST}:{self._server.server_address[1]}{self._path}"

    def answer(self, seconds: float) -> dict[str, str] | None:
        """Return the parameters of the first answer that comes; None where none does in time."""
        wait_for(self._looked, seconds)
        return self.came[0] if self.came else None

    def _looked(self) -> bool:
        self._server.handle_request()
        return bool(self.came)


@contextmanager
def callback(port: int = 0, path: str = PATH) -> Generator[Callback]:
    """Listen on a port of loopback, by default any. Raises OSError where it is taken."""

    class Handler(BaseHTTPRequestHandler):
        timeout = _SECONDS

        def do_GET(self) -> None:
            """Take the answer; anything else that a browser asks for is not there."""
            parts = urlsplit(self.path)
            if parts.path != path:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(_PAGE)))
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(_PAGE)
            found.came.append(_parameters(parts.query))

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base's name
            """Stay silent: the URL holds a code."""

    with HTTPServer((HOST, port), Handler) as server:
        server.timeout = 0.5
        found = Callback(server, path)
        yield found


def _parameters(query: str) -> dict[str, str]:
    """Return those of an answer; one that stands twice makes it none that counts."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST)
    except ValueError:
        return {}
    return {} if len({name for name, _ in pairs}) < len(pairs) else dict(pairs)
