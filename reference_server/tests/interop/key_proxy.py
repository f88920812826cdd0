"""A proxy on loopback that adds a header to each request: a key, or its own word for the caller."""

from __future__ import annotations

import itertools
import socket
import socketserver
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

END = b"\r\n\r\n"
CHUNK = 65536
AGENT = b"User-Agent: mcp-conformance-runner/1.0"
SECONDS = 60
"""How long either side may stay silent."""
_numbers = itertools.count(1)


def with_header(head: bytes, name: str, value: str) -> bytes:
    """Return a request's head with one header more; it asks that the connection ends with it.

    All else stays as it is, the Host too: tools spoil headers to see what comes of it. Who names no
    agent is named here, since the server's triage lets in nobody without.
    """
    first, *lines = head.split(b"\r\n")
    kept = [line for line in lines if not line.lower().startswith(b"connection:")]
    added = [f"{name}: {value}".encode("latin-1"), b"Connection: close"]
    if not any(line.lower().startswith(b"user-agent:") for line in kept):
        added.append(AGENT)
    return b"\r\n".join([first, *added, *kept])


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Copy what comes until it ends, on either side."""
    try:
        while data := source.recv(CHUNK):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


def _fresh_address() -> str:
    number = next(_numbers)
    return f"127.9.{number // 250 % 250}.{number % 250 + 1}"


def bound_to(head: bytes) -> tuple[str, str]:
    """Return method and path of a request, by its head."""
    method, target, _ = head.split(b"\r\n")[0].decode("latin-1").split(" ")
    return method, target.partition("?")[0]


@contextmanager
def adding(name: str, value: str | Callable[[str, str], str], port: int) -> Generator[int]:
    """Proxy to a port of this machine; yields the proxy's own.

    ``value`` is the header's, or what makes one for a method and a path.

    Each connection reaches the server from a client address of its own, so that a tool which opens
    many is not stopped by what one address may ask for.
    """

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(SECONDS)
            seen = b""
            while END not in seen:
                data = self.request.recv(CHUNK)
                if not data:
                    return
                seen += data
            head, _, body = seen.partition(END)
            source = (_fresh_address(), 0)
            with socket.create_connection(("127.0.0.1", port), SECONDS, source) as server:
                told = value if isinstance(value, str) else value(*bound_to(head))
                server.sendall(with_header(head, name, told) + END + body)
                up = threading.Thread(target=pump, args=(self.request, server), daemon=True)
                up.start()
                pump(server, self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            yield proxy.server_address[1]
        finally:
            proxy.shutdown()
