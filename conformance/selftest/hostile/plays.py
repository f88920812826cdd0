"""Plays below HTTP or at odds with it: nothing here ever gives a right answer."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING

from conformance.selftest.targets import KEYS

if TYPE_CHECKING:
    from conformance.selftest.hostile.line import Line

JSON = b"Content-Type: application/json\r\n"
OK = b"HTTP/1.1 200 OK\r\n"
EVENTS = OK + b"Content-Type: text/event-stream\r\n\r\n"
MIB = 1 << 20
ELEMENTS = 10_000_000
LEVELS = 100_000
RESULT = {
    "jsonrpc": "2.0",
    "id": 1,
    "result": {
        "supportedVersions": ["2026-07-28"],
        "serverInfo": {"name": "yes", "version": "1"},
        "structuredContent": {"tenantId": KEYS["key-of-tenant-a-0123456789"]},
    },
}


def answer(status: bytes, body: bytes, *headers: bytes) -> bytes:
    """Return a well-formed answer."""
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def silent(line: Line) -> None:
    """Accept, and never say a word."""
    line.hold()


def endless_header(line: Line) -> None:
    """Send header after header."""
    line.request()
    line.send(OK)
    line.for_ever(b"X-More: and more\r\n" * 1000)


def huge_header(line: Line) -> None:
    """Send one header whose value has no end."""
    line.request()
    line.send(OK, b"X-Huge: ")
    line.for_ever(b"x" * MIB)


def endless_body(line: Line) -> None:
    """Send a body without length and without end."""
    line.request()
    line.send(OK, JSON, b"\r\n")
    line.for_ever(b" " * MIB)


def endless_chunks(line: Line) -> None:
    """Send a body in chunks of one byte, for ever."""
    line.request()
    line.send(OK, JSON, b"Transfer-Encoding: chunked\r\n\r\n")
    line.for_ever(b"1\r\n \r\n" * 10_000)


def drip_head(line: Line) -> None:
    """Send an answer's head, a byte now and then."""
    line.request()
    line.drip(OK + b"X-Slow: " + b"y" * 10_000, 0.25)


def drip_body(line: Line) -> None:
    """Send an answer's body, a byte now and then."""
    line.request()
    line.send(OK, JSON, b"\r\n")
    line.drip(b" ", 0.25)


def _bomb(line: Line, coding: bytes, bits: int) -> None:
    line.request()
    packer = zlib.compressobj(9, wbits=bits)
    line.send(OK, JSON, b"Content-Encoding: " + coding + b"\r\n\r\n")
    while True:
        line.send(packer.compress(b" " * MIB))


def gzip_bomb(line: Line) -> None:
    """Send a packed body of which each kilobyte is a megabyte."""
    _bomb(line, b"gzip", 16 + zlib.MAX_WBITS)


def deflate_bomb(line: Line) -> None:
    """Send the same in the other coding."""
    _bomb(line, b"deflate", zlib.MAX_WBITS)


def unasked_brotli(line: Line) -> None:
    """Send a coding that nobody asked for."""
    line.request()
    line.send(OK, JSON, b"Content-Encoding: br\r\n\r\n")
    line.for_ever(b"\x5b\xff\xff\x0f" * 1000)


def too_long_a_length(line: Line) -> None:
    """Promise more than comes."""
    line.request()
    line.send(OK, JSON, b'Content-Length: 1000\r\n\r\n{"jsonrpc":"2.0"')


def too_short_a_length(line: Line) -> None:
    """Promise less than comes, so that the rest stands where the next answer should."""
    while True:
        line.request()
        line.send(OK, JSON, b'Content-Length: 5\r\n\r\n{"jsonrpc":"2.0","id":1,"result":{}}')


def http_09(line: Line) -> None:
    """Answer as servers did before there were headers."""
    line.request()
    line.send(b"<html>hello</html>\r\n")


def babble(line: Line) -> None:
    """Speak another protocol, with escapes for whoever prints it."""
    line.send(b"220 mail.example ESMTP \x1b[31m\x1b]0;owned\x07ready\r\n" * 20)
    line.hold()


def noise(line: Line) -> None:
    """Send bytes that are nothing at all."""
    line.request()
    line.send(bytes(range(256)) * 4096)


def reset_in_the_body(line: Line) -> None:
    """Break off in the middle of a body."""
    line.request()
    line.send(OK, JSON, b'Content-Length: 1000\r\n\r\n{"jsonrpc"')
    line.reset()


def hang_up(line: Line) -> None:
    """Read the request and close."""
    line.request()


def silent_events(line: Line) -> None:
    """Open an event stream in which nothing ever happens."""
    line.request()
    line.send(EVENTS)
    line.hold()


def comments_for_ever(line: Line) -> None:
    """Send an event stream of comments."""
    line.request()
    line.send(EVENTS)
    line.for_ever(b":\n\n" * 10_000)


def comments_now_and_then(line: Line) -> None:
    """Keep an event stream alive with comments, and never answer."""
    line.request()
    line.send(EVENTS)
    line.drip(b": still here\n\n", 0.1)


def deep(line: Line) -> None:
    """Answer with JSON nested a hundred thousand deep, well-formed."""
    inner = b"[" * LEVELS + b"]" * LEVELS
    while True:
        line.request()
        line.send(
            answer(b"200 OK", b'{"jsonrpc":"2.0","id":1,"result":{"x":' + inner + b"}}", JSON[:-2])
        )


def long_list(line: Line) -> None:
    """Answer with a list of ten million elements."""
    body = b'{"jsonrpc":"2.0","id":1,"result":{"tools":[' + b"0," * ELEMENTS + b"0]}}"
    while True:
        line.request()
        line.send(answer(b"200 OK", body, JSON[:-2]))


def many_objects(line: Line) -> None:
    """Answer with as many empty objects as a body that is read can hold."""
    body = b'{"jsonrpc":"2.0","id":1,"result":{"tools":[' + b"{}," * 170_000 + b"{}]}}"
    while True:
        line.request()
        line.send(answer(b"200 OK", body, JSON[:-2]))


def two_lengths(line: Line) -> None:
    """Name two lengths for one body."""
    line.request()
    line.send(OK, JSON, b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ")


def length_and_chunks(line: Line) -> None:
    """Name a length for a chunked body: which holds is anybody's guess."""
    while True:
        line.request()
        line.send(OK, JSON, b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n")
        line.send(b"2\r\n{}\r\n0\r\n\r\n")


def continue_for_ever(line: Line) -> None:
    """Ask to continue, and ask again."""
    line.request()
    line.for_ever(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


def switch_protocols(line: Line) -> None:
    """Agree to a protocol nobody proposed."""
    line.request()
    line.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
    line.hold()


def nul_in_headers(line: Line) -> None:
    """Put bytes into headers that none may hold."""
    line.request()
    line.send(OK, JSON, b"X-Odd: a\x00b\x1b[31m\r\nContent-Length: 2\r\n\r\n{}")


def status_000(line: Line) -> None:
    """Answer with a status below all there are."""
    line.request()
    line.send(answer(b"000 Nothing", b"{}", JSON[:-2]))


def status_999(line: Line) -> None:
    """Answer with a status above all there are."""
    while True:
        line.request()
        line.send(answer(b"999 \x1b[2JRequest denied", b"{}", JSON[:-2]))


def many_challenges(line: Line) -> None:
    """Refuse everybody with a thousand challenges."""
    challenges = [b'WWW-Authenticate: Bearer realm="%d"' % n for n in range(1000)]
    while True:
        line.request()
        line.send(answer(b"401 Unauthorized", b'{"error":"unauthorized"}', *challenges))


def bad_text(line: Line) -> None:
    """Answer with bytes that are no text."""
    while True:
        line.request()
        line.send(answer(b"200 OK", b'{"result":{"\xff\xfe":"\xed\xa0\x80"}}' * 10, JSON[:-2]))


def yes_to_all(line: Line) -> None:
    """Answer whatever it is with the same success."""
    while True:
        line.request()
        line.send(answer(b"200 OK", json.dumps(RESULT).encode(), JSON[:-2]))


def fine_to_all(line: Line) -> None:
    """Answer whatever it is with a page, as a parked domain does."""
    while True:
        line.request()
        line.send(answer(b"200 OK", b"<html>welcome</html>", b"Content-Type: text/html"))


def error_to_all(line: Line) -> None:
    """Answer whatever it is with 500."""
    while True:
        line.request()
        line.send(
            answer(b"500 Internal Server Error", b"out of order", b"Content-Type: text/plain")
        )


def redirect_to_itself(line: Line) -> None:
    """Send everybody round in a circle."""
    while True:
        line.request()
        line.send(answer(b"307 Temporary Redirect", b"", b"Location: /mcp"))


def breaks_every_other(line: Line) -> None:
    """Hang on every other connection, as with one worker of two that is stuck."""
    if line.number % 2 == 0:
        line.hold()
        return
    line.request()
    line.send(answer(b"200 OK", json.dumps(RESULT).encode(), JSON[:-2], b"Connection: close"))
