"""Requests that are never finished, and many at once: bytes as a client of ill will sends them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.forge import guise

if TYPE_CHECKING:
    from conformance.forge.requests import Request

_LINE_END = b"\r\n"
PIECE = b"a" * (1 << 16)
"""What goes on and on of one thing: a field, a line, a body."""
FIELDS = b"\r\na: b" * 10_000
"""The same of short fields, each of which takes far more room than its bytes."""
LENGTH = 64
"""Bytes of a body that are announced, of which one comes."""


@dataclass(frozen=True)
class Halves:
    """The halves of one request, to ``path`` of ``authority``, with more header fields."""

    request: Request
    authority: str
    path: str
    fields: tuple[tuple[str, str], ...] = ()

    def head(self) -> bytes:
        """Return a head that lacks its end."""
        return self._head() + _mark() + b": a"

    def body(self) -> bytes:
        """Return a head, and the first byte of its body."""
        return self._head(("Content-Length", str(LENGTH))) + _LINE_END + b"{"

    def chunk(self) -> bytes:
        """Return a head, and a chunk of its body without its end."""
        return self._head(("Transfer-Encoding", "chunked")) + _LINE_END + b"40\r\n{"

    def huge_chunk(self) -> bytes:
        """Return a head, and the beginning of a chunk that takes very long to end."""
        return self._head(("Transfer-Encoding", "chunked")) + _LINE_END + b"7fffffff\r\n{"

    def trailer(self) -> bytes:
        """Return a whole body in one chunk, and a trailer that goes on."""
        body = self.request.body or b""
        whole = b"%x\r\n%s\r\n0\r\n" % (len(body), body)
        return self._head(("Transfer-Encoding", "chunked")) + _LINE_END + whole + _mark() + b": a"

    def extension(self) -> bytes:
        """Return a head, and the extension of its first chunk, which goes on."""
        return self._head(("Transfer-Encoding", "chunked")) + _LINE_END + b"1;a=a"

    def whole(self) -> bytes:
        """Return the request as it should be."""
        body = self.request.body or b""
        return self._head(("Content-Length", str(len(body)))) + _LINE_END + body

    def _head(self, *more: tuple[str, str]) -> bytes:
        agent = ("User-Agent", guise.current().agent)
        pairs = [("Host", self.authority), agent, *self.request.headers, *self.fields, *more]
        lines = [f"{self.request.method} {self.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in pairs]
        return "\r\n".join([*lines, ""]).encode("latin-1")


def _mark() -> bytes:
    """Return the name of the field that is not finished."""
    return guise.in_guise("X-Half").encode()
