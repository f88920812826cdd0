"""Hears what a target calls at the judge's own addresses: nothing, if it heeds its callers' limits.

Each URL that is handed out holds a word of its own, so that what is called tells who named it.
"""

from __future__ import annotations

import secrets
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast

import httpx

from conformance.verdicts import NotEstablishedError, establish
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Generator

LOOPBACK = "127.0.0.1"
LOOPBACK_6 = "::1"
_POLL_SECONDS = 0.02
_REQUEST_SECONDS = 5.0
"""How long a caller may take to say what it wants."""
_MOST_CALLERS = 32
"""Callers that are heard at once: a target that calls and calls gets no more of this machine."""
_MOST_CALLS = 1000
_DRIP_SECONDS = 0.2
BODY = b'{"ok": true}'


@dataclass(frozen=True)
class Reply:
    """What a path is answered with. With ``drips`` a byte comes now and then, and no end of it."""

    body: bytes = BODY
    status: int = 200
    kind: str = "application/json"
    drips: bool = False


@dataclass(frozen=True)
class Call:
    """A request that came: its first line, without line ends, and who says to have sent it."""

    line: str
    agent: str


class Listener:
    """Listens at an address; on loopback at that of IPv6 as well, where there is one.

    Raises NotEstablishedError where the address is not this machine's, or is taken.
    """

    def __init__(self, address: str = LOOPBACK, port: int = 0) -> None:
        self.address = address
        self.calls: list[Call] = []
        self.sends_on: dict[str, str] = {}
        """Where the caller of a path is sent, by redirect."""
        self.replies: dict[str, Reply] = {}
        """What the caller of a path is answered."""
        self.serves = BODY
        """What every other caller is answered."""
        self.connections = 0
        """How often somebody has connected, whatever was said then."""
        self.servers = [_server(address, port, self)]
        self.port = self.servers[0].server_address[1]
        self.has_ipv6 = False
        if address == LOOPBACK:
            with suppress(NotEstablishedError):
                self.servers.append(_server(LOOPBACK_6, self.port, self))
                self.has_ipv6 = True

    def require_hearing(self) -> None:
        """Raise NotEstablishedError unless a call of the judge's own is heard here."""
        hosts = [self.address, *([f"[{LOOPBACK_6}]"] if self.has_ipv6 else [])]
        for host in hosts:
            word = self.word()
            with suppress(httpx.HTTPError), httpx.Client(trust_env=False) as client:
                client.get(f"http://{host}:{self.port}/{word}", timeout=_REQUEST_SECONDS)
            establish(self.heard(word), f"the judge's own call to {host}:{self.port} is heard")

    def word(self) -> str:
        """Return a word that stands in no other URL."""
        return secrets.token_hex(8)

    def heard(self, word: str, seconds: float = 0.0) -> Call | None:
        """Return the call whose line holds a word, waiting for it if need be; None for none."""
        return wait_for(
            lambda: next((call for call in tuple(self.calls) if word in call.line), None), seconds
        )


@contextmanager
def hearing(address: str = LOOPBACK, port: int = 0) -> Generator[Listener]:
    """Listen at an address while the block lasts; raises as ``Listener`` does."""
    listener = Listener(address, port)
    for server in listener.servers:
        threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True).start()
    try:
        yield listener
    finally:
        for server in listener.servers:
            server.shutdown()
            server.server_close()


def _server(address: str, port: int, listener: Listener) -> _Server:
    try:
        return _Server(address, port, listener)
    except OSError as error:
        raise NotEstablishedError(f"cannot listen at {address}: {error}") from error


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = _MOST_CALLERS

    def __init__(self, address: str, port: int, listener: Listener) -> None:
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = listener
        self._callers = 0
        self._counting = threading.Lock()  # bounded: held to count
        super().__init__((address, port), _Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server for the machine's name, as the base class does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Take no more callers at once than there is room for."""
        del request, client_address
        self.listener.connections += 1
        if self._count(1) <= _MOST_CALLERS:
            return True
        self._count(-1)
        return False

    def _count(self, change: int) -> int:
        with self._counting:
            self._callers += change
            return self._callers

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one caller."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._count(-1)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a caller that broke off."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _REQUEST_SECONDS

    def _answer(self) -> None:
        listener = cast("_Server", self.server).listener
        if len(listener.calls) < _MOST_CALLS:
            agent = self.headers.get("User-Agent") or "no name"
            listener.calls.append(Call(self.requestline, agent))
        path = self.path.strip("/")
        place, reply = listener.sends_on.get(path), listener.replies.get(path)
        reply = reply or Reply(listener.serves)
        self.send_response(reply.status if place is None else 302)
        if place is not None:
            self.send_header("Location", place)
        self.send_header("Content-Type", reply.kind)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self._write(reply)

    def _write(self, reply: Reply) -> None:
        if not reply.drips:
            self.wfile.write(reply.body)
            return
        with suppress(OSError):  # whoever waited has gone
            for place in range(len(reply.body)):
                self.wfile.write(reply.body[place : place + 1])
                wait_for(lambda: False, _DRIP_SECONDS)

    do_GET = do_HEAD = do_POST = do_PUT = do_OPTIONS = _answer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        """Stay silent."""
