"""Tiny servers for the judge's own tests: a good one, and ways to be broken, dead or hostile."""

from __future__ import annotations

import json
import socketserver
import threading
import zlib
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar, cast

if TYPE_CHECKING:
    import ssl
    from collections.abc import Generator

KEYS = {"key-of-tenant-a-0123456789": "tenant-a", "key-of-tenant-b-0123456789": "tenant-b"}
REVOKED = "revoked-key-of-tenant-a-01234"
_POLL_SECONDS = 0.02


def answered(message: dict[str, Any], tenant: str | None) -> tuple[int, dict[str, Any]]:
    """Return status and body of the answer to a JSON-RPC message of a tenant's."""
    info = {"serverInfo": {"name": "fake", "version": "1"}, "capabilities": {}}
    cached = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
    told: dict[str, Any] = {"content": [], "structuredContent": {"tenantId": tenant}}
    results: dict[str, dict[str, Any]] = {
        "server/discover": {"supportedVersions": ["2026-07-28"], **info, **cached},
        "tools/call": {**told, "resultType": "complete"},
    }
    head = {"jsonrpc": "2.0", "id": message.get("id")}
    result = results.get(str(message.get("method")))
    if result is None:
        return 404, {**head, "error": {"code": -32601, "message": "no such method"}}
    return 200, {**head, "result": result}


class Good(BaseHTTPRequestHandler):
    """Knows two keys and answers everybody else alike."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body, written apart, would be sent 40 ms apart
    refusal: ClassVar[dict[str, Any]] = {"error": "unauthorized"}

    def tenant(self) -> str | None:
        """Return whose key was presented; two keys are nobody's."""
        presented = self.headers.get_all("X-Api-Key") or []
        return KEYS.get(presented[0]) if len(presented) == 1 else None

    def refuse(self) -> None:
        """Send the one refusal."""
        self.reply(401, self.refusal, {"WWW-Authenticate": "ApiKey"})

    def answer(self) -> None:
        """Serve one request of any method."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if self.tenant() is None:
            self.refuse()
            return
        try:
            message: Any = json.loads(body)
        except ValueError:
            message = None
        self.converse(cast("dict[str, Any]", message) if isinstance(message, dict) else {})

    def converse(self, message: dict[str, Any]) -> None:
        """Answer a JSON-RPC message of a known caller."""
        self.reply(*answered(message, self.tenant()))

    def reply(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Send a JSON answer."""
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        """Stay silent."""

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer
    do_OPTIONS = do_TRACE = do_PROPFIND = do_HALLMARK = answer


class OpenToAll(Good):
    """Serves whoever comes."""

    def tenant(self) -> str | None:
        """Take everybody for tenant A."""
        return "tenant-a"


class TellsUnknownKeys(Good):
    """Tells a wrong key from a missing one."""

    def refuse(self) -> None:
        """Send one of two refusals."""
        self.reply(401, {"error": "invalid_key"} if "X-Api-Key" in self.headers else self.refusal)


class Remembers(Good):
    """Gives whoever has a right key a cookie that does as well, as an edge with sign-in does."""

    cookie: ClassVar[str] = "session=0123456789abcdef"

    def tenant(self) -> str | None:
        """Take the cookie for the key."""
        return "tenant-a" if self.headers.get("Cookie") == self.cookie else super().tenant()

    def reply(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Set the cookie with whatever is no refusal."""
        more = {} if status == HTTPStatus.UNAUTHORIZED else {"Set-Cookie": f"{self.cookie}; Path=/"}
        super().reply(status, body, {**(headers or {}), **more})


class FallsOver(Good):
    """Answers 500 to keys with an odd character."""

    def refuse(self) -> None:
        """Send the refusal, or fall over."""
        odd = any(not (c.isalnum() or c in "-_") for c in self.headers.get("X-Api-Key", ""))
        self.reply(500 if odd else 401, self.refusal)


class HasOnePath(Good):
    """Behaves at the one path there is; what it does elsewhere is for others to say."""

    def answer(self) -> None:
        """Answer by the path."""
        if self.path == "/mcp":
            super().answer()
        else:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.stray()

    def stray(self) -> None:
        """Answer whoever asks for another path."""
        raise NotImplementedError

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer


class HangsUpOnOddPaths(HasOnePath):
    """Closes the connection, without a word, on whoever asks for another path."""

    def stray(self) -> None:
        """Say nothing."""
        self.close_connection = True


class HangsUpOnStrangers(Good):
    """Closes the connection, without a word, on whoever has no right key."""

    def refuse(self) -> None:
        """Say nothing."""
        self.close_connection = True


class LosesOne(Good):
    """Loses one answer to a request without a key, and gives it when asked again."""

    lost: ClassVar[list[str]] = []

    def refuse(self) -> None:
        """Break off the first time."""
        if self.lost:
            super().refuse()
        else:
            self.lost.append(self.path)
            self.close_connection = True


class CompressesRefusals(Good):
    """Refuses as it should, in a coding that nobody asked for."""

    def refuse(self) -> None:
        """Send the refusal, packed."""
        coding = {"Content-Encoding": "br", "WWW-Authenticate": "ApiKey"}
        self.reply(401, self.refusal, coding)


class IsBusyOnce(Good):
    """Has no time for the first stranger."""

    lost: ClassVar[list[str]] = []

    def refuse(self) -> None:
        """Ask the first to come again."""
        if self.lost:
            super().refuse()
        else:
            self.lost.append(self.path)
            self.reply(503, {"error": "busy"}, {"Retry-After": "0"})


class LimitsStrangers(Good):
    """Counts every stranger as one too many."""

    def refuse(self) -> None:
        """Refuse for another reason."""
        self.reply(429, {"error": "rate_limit_exceeded"}, {"Retry-After": "1"})


class OpenDoor(HasOnePath):
    """Lets everybody run a tool who asks for another path."""

    def door(self) -> Any:
        """Return what comes of it."""
        return {"jsonrpc": "2.0", "id": 1, "result": {"content": []}}

    def stray(self) -> None:
        """Let them in."""
        self.reply(200, self.door())


class BatchDoor(OpenDoor):
    """Answers there with a batch of one."""

    def door(self) -> Any:
        """Return what comes of it."""
        return [super().door()]


class WideDoor(OpenDoor):
    """Answers there with more than anybody reads."""

    def door(self) -> Any:
        """Return what comes of it."""
        return {**super().door(), "result": {"content": "x" * 2_500_000}}


class ManyDoors(OpenDoor):
    """Answers there with more values than anybody keeps."""

    def door(self) -> Any:
        """Return what comes of it."""
        return {**super().door(), "result": {"content": [0] * 60_000}}


class NotesIds(Good):
    """Remembers who called a tool, and by which id."""

    seen: ClassVar[list[Any]] = []

    def converse(self, message: dict[str, Any]) -> None:
        """Note both, and answer as ever."""
        if message.get("method") == "tools/call":
            self.seen.append((self.headers["X-Api-Key"], message.get("id")))
        super().converse(message)


class Echoes(Good):
    """Puts every header it got, the key among them, into its answers, with markup around it."""

    def refuse(self) -> None:
        """Send all headers back."""
        told = {"error": "<script>alert(1)</script>\x1b[31m", "headers": str(self.headers)}
        self.reply(403, told)


class Redirects(Good):
    """Sends everybody to another origin."""

    seen: ClassVar[list[str]] = []

    def answer(self) -> None:
        """Redirect to the trap, which notes what reaches it."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.reply(307, {}, {"Location": "http://127.0.0.9:9/mcp"})

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer


class Babble(socketserver.BaseRequestHandler):
    """Speaks, but not HTTP."""

    def handle(self) -> None:
        """Send a greeting of another protocol."""
        self.request.sendall(b"220 mail.example ESMTP ready\r\n" * 20)


class Endless(socketserver.BaseRequestHandler):
    """Sends a body that never ends."""

    def handle(self) -> None:
        """Send until the client goes away."""
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
        try:
            self.request.sendall(head)
            while True:
                self.request.sendall(b" " * 65536)
        except OSError:
            return


class PackedEndless(socketserver.BaseRequestHandler):
    """Sends a packed body, of which each kilobyte is a megabyte, and which never ends."""

    def handle(self) -> None:
        """Send until the client goes away."""
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        packer = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
        try:
            self.request.sendall(head + b"Content-Encoding: gzip\r\n\r\n")
            while True:
                self.request.sendall(packer.compress(b" " * (1 << 20)))
        except OSError:
            return


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def serving(
    handler: type[socketserver.BaseRequestHandler], tls: ssl.SSLContext | None = None
) -> Generator[str]:
    """Serve a handler on a free port; yields the MCP URL."""
    kind = ThreadingHTTPServer if issubclass(handler, BaseHTTPRequestHandler) else _Server
    with kind(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        # The end of a server waits for as long as it last looked for a request.
        thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
        thread.start()
        try:
            yield f"http{'' if tls is None else 's'}://127.0.0.1:{server.server_address[1]}/mcp"
        finally:
            server.shutdown()
            thread.join(5)
