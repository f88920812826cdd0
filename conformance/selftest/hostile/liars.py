"""Servers that speak the protocol well enough to be judged, and lie or break in one respect."""

from __future__ import annotations

import itertools
import json
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

from conformance.selftest.targets import Good

MARK = "hallmark_owned"
MARKUP = f'"><script>{MARK}()</script><img src=x onerror={MARK}()>]]>&{MARK};`![]({MARK}://)'
ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202edesrever\r\x00"
POISON = MARKUP + ESCAPES
_INFO = {"serverInfo": {"name": "liar", "version": "1"}}
WAITS = (
    "1000000000",
    "-1",
    "9" * 5000,
    "soon",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "\u0663",
)


class Poisoned(Good):
    """Puts markup and terminal escapes wherever a server may put text, names included."""

    refusal: ClassVar[dict[str, Any]] = {"error": POISON, POISON: [POISON, {POISON: POISON}]}

    def converse(self, message: dict[str, Any]) -> None:
        """Answer every message with what would hurt whoever shows it."""
        result = {
            "supportedVersions": ["2026-07-28", POISON],
            "protocolVersion": message.get("params", {}).get("protocolVersion", POISON),
            "serverInfo": {"name": POISON, "version": POISON},
            "content": [{"type": "text", "text": POISON}],
            "tools": [{"name": POISON, "description": POISON, "inputSchema": {POISON: POISON}}],
        }
        self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), "result": result})

    def reply(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Send it, with markup in the headers as well."""
        planted = {"Server": MARKUP, "X-Request-Id": MARKUP, "Mcp-Session-Id": MARKUP}
        super().reply(status, body, {**(headers or {}), **planted})


class LiesOnRetryAfter(Good):
    """Limits whoever has a key, and never says truly for how long."""

    waits: ClassVar[Any] = itertools.cycle(WAITS)

    def converse(self, message: dict[str, Any]) -> None:
        """Open one conversation, and limit whatever comes next."""
        if message.get("method") == "server/discover":
            super().converse(message)
            return
        wait = next(self.waits).encode("utf-8").decode("latin-1")
        self.reply(429, {"error": "rate_limit_exceeded"}, {"Retry-After": wait})


class ClockRunsBackwards(Good):
    """Dates each answer an hour before the last."""

    hours: ClassVar[Any] = itertools.count()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the time of an answer (the base class asks for it)."""
        base = 1_900_000_000.0 if timestamp is None else timestamp
        return super().date_time_string(base - 3600 * next(self.hours))


class AnswersAnother(Good):
    """Answers each call with the id of a call nobody made."""

    def converse(self, message: dict[str, Any]) -> None:
        """Answer with another id."""
        known = message.get("id")
        super().converse({**message, "id": known + 1000 if isinstance(known, int) else "x"})


class ClosesEach(Good):
    """Is in order, but closes the connection after each answer."""

    protocol_version = "HTTP/1.0"


class LiesOnVersions(Good):
    """Names versions it does not speak, and speaks one it does not name."""

    def converse(self, message: dict[str, Any]) -> None:
        """Agree to no version of the caller's, whatever it claims to support."""
        if message.get("method") == "initialize":
            info = {**_INFO, "protocolVersion": "1999-01-01"}
            self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), "result": info})
            return
        if message.get("method") == "server/discover":
            named: list[Any] = ["2026-07-28", "2025-11-25", "2025-06-18", 7, None, {}]
            result: dict[str, Any] = {"supportedVersions": named, **_INFO}
            self.reply(
                200,
                {"jsonrpc": "2.0", "id": message.get("id"), "result": result},
                {"MCP-Protocol-Version": "1999-01-01"},
            )
            return
        super().converse(message)


class TellsWhatItWasTold(Good):
    """Sends all that it was sent back, each credential in headers, names, and over and over."""

    def refuse(self) -> None:
        """Refuse with all of it."""
        told = [value for pair in self.headers.items() for value in pair]
        long = "".join(value * 200 for value in told)
        names = {f"X-{value}": value for value in told if value.replace("-", "").isalnum()}
        self.reply(401, {"error": long}, names)


class BreaksEveryOther(Good):
    """Resets every other connection, as with one worker of two that is broken."""

    turns: ClassVar[Any] = itertools.count()

    def setup(self) -> None:
        """Take the connection; the broken worker takes every other one."""
        super().setup()
        self.is_broken = next(self.turns) % 2 == 1

    def answer(self) -> None:
        """Answer once, or break off."""
        self.close_connection = True
        if not self.is_broken:
            super().answer()

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer
    do_OPTIONS = do_TRACE = do_PROPFIND = do_HALLMARK = answer


class Trap(BaseHTTPRequestHandler):
    """Another origin: whatever reaches it should not have."""

    seen: ClassVar[list[str]] = []

    def handle(self) -> None:
        """Note that somebody came, and what he brought."""
        self.seen.append("somebody")
        super().handle()

    def answer(self) -> None:
        """Note the request."""
        self.seen.append(f"{self.command} {self.path} {json.dumps(dict(self.headers))}")

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer
