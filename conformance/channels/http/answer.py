"""What came back from one request. Refusals, time-outs, resets and garbage are values too."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import cached_property
from http import HTTPStatus
from typing import Any, cast

from conformance.channels.http.body import event_data, is_beyond_use, is_reply, parsed

_PER_REQUEST = frozenset(
    {
        "date",
        "age",
        "content-length",
        "retry-after",
        "server-timing",
        "set-cookie",
        "traceparent",
        "tracestate",
        "x-cloud-trace-context",
        "x-response-time",
        "x-runtime",
        "x-served-by",
        "x-timer",
    }
)
_PER_REQUEST_PREFIXES = (
    "ratelimit",
    "x-ratelimit",
    "x-request-",
    "x-correlation-",
    "x-trace",
    "x-b3-",
    "x-amz-",
    "x-amzn-",
    "x-envoy-",
    "x-azure-",
    "x-vercel-",
    "cf-",
    "fly-",
)
"""Fields that gateways and frameworks fill anew for each answer."""
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")
"""RFC 3339: many frameworks say in a refusal when it was given."""


_SHORT = 12
"""Characters of a value that may stand in others, such as a UUID, by chance."""
_UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_SHOWN = 200
_SECONDS = re.compile(r"[0-9]{1,15}")


METHOD_NOT_FOUND = -32601
DONE = frozenset({HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT})
"""What says that something was done of which nothing need be told."""
NOTHING_THERE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})
"""What a route or a method is answered with that a target does not have, whoever asks."""


class Transport(StrEnum):
    """How the exchange ended."""

    ANSWERED = "answered"
    REFUSED = "connection refused"
    UNREACHABLE = "no connection"
    UNTRUSTED = "certificate not trusted"
    NO_TLS = "no TLS"
    RESET = "connection reset"
    CUT = "an answer that was cut off"
    TIMEOUT = "timed out"
    GARBAGE = "not HTTP"
    UNREADABLE = "a body in an encoding that cannot be read"


@dataclass(frozen=True, repr=False)
class Answer:
    """One answer. ``status`` is 0 when there was none; ``headers`` keep order and duplicates.

    ``started`` is when the request was sent, by the monotonic clock, and ``seconds`` how long the
    answer took from then.

    ``truncated`` tells that the body went on beyond the time or the room there was for it, and
    ``was_abandoned`` that time ran out. ``scrub`` lists strings that belong to this one request,
    such as its id, which a fair comparison of two answers must leave out. ``detail`` says more of
    how it ended, in words that may be the target's. ``asked`` is the id of the JSON-RPC request,
    where it was one.
    """

    transport: Transport
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    seconds: float = 0.0
    truncated: bool = False
    scrub: tuple[str, ...] = ()
    detail: str = ""
    was_abandoned: bool = False
    asked: int | str | None = None
    started: float = 0.0

    def header(self, name: str) -> str | None:
        """Return a header's value, duplicates joined by commas; None when it is absent."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def text(self) -> str:
        """The body, decoded leniently."""
        return self.body.decode("utf-8", "replace")

    @cached_property
    def json(self) -> Any:
        """The body as JSON; None when it is not."""
        return parsed(self.body)

    @property
    def entries(self) -> dict[str, Any]:
        """The body as a JSON object; empty when it is none."""
        found = self.json
        return cast("dict[str, Any]", found) if isinstance(found, dict) else {}

    @cached_property
    def message(self) -> dict[str, Any]:
        """The JSON-RPC message, from a JSON body or an event stream; empty when there is none."""
        candidates: list[Any] = [self.json, *map(parsed, event_data(self.text))]
        batches = cast("list[list[Any]]", [one for one in candidates if isinstance(one, list)])
        candidates += [one for batch in batches for one in batch]  # as before 2025-06-18
        replies = [cast("dict[str, Any]", found) for found in candidates if is_reply(found)]
        return replies[-1] if replies else {}

    @property
    def is_whole(self) -> bool:
        """Whether all of it came and could be read, so that what it does not hold is not there."""
        if self.transport is not Transport.ANSWERED or self.truncated:
            return False
        if self.json is not None:
            return True
        return not any(map(is_beyond_use, (self.body, *event_data(self.text))))

    @property
    def result(self) -> dict[str, Any]:
        """The JSON-RPC result; empty when there is none."""
        found = self.message.get("result")
        return cast("dict[str, Any]", found) if isinstance(found, dict) else {}

    @property
    def error(self) -> dict[str, Any]:
        """The JSON-RPC error; empty when there is none."""
        found = self.message.get("error")
        return cast("dict[str, Any]", found) if isinstance(found, dict) else {}

    @property
    def capabilities(self) -> dict[str, Any]:
        """What an opening tells that the target can do; empty where it tells nothing."""
        found = self.result.get("capabilities")
        return cast("dict[str, Any]", found) if isinstance(found, dict) else {}

    @property
    def has_no_method(self) -> bool:
        """Whether the target says that it has no such method (JSON-RPC 2.0 section 5.1)."""
        return self.error.get("code") == METHOD_NOT_FOUND

    @property
    def structured(self) -> dict[str, Any]:
        """A tool's structured result, or its text when that is a JSON object."""
        found = self.result.get("structuredContent")
        if isinstance(found, dict):
            return cast("dict[str, Any]", found)
        found = parsed(self.tool_text)
        return cast("dict[str, Any]", found) if isinstance(found, dict) else {}

    @property
    def data(self) -> Any:
        """A tool's result as JSON of any form: structured, or what its text blocks are.

        Many servers tell a list as a JSON array, or as one text block an item.
        """
        if whole := self.structured or parsed(self.tool_text):
            return whole
        return [block for text in self._texts if (block := parsed(text)) is not None]

    @property
    def tool_text(self) -> str:
        """All text blocks of a tool's result."""
        return "".join(self._texts)

    @property
    def _texts(self) -> list[str]:
        content = self.result.get("content")
        blocks = cast("list[Any]", content) if isinstance(content, list) else []
        return [
            str(cast("dict[str, Any]", block).get("text", ""))
            for block in blocks
            if isinstance(block, dict)
        ]

    @property
    def succeeded(self) -> bool:
        """Whether a JSON-RPC call was carried out: 200, a result of this call, no tool error."""
        is_own = self.asked is None or self.message.get("id") == self.asked
        has_result = bool(self.result) and not self.result.get("isError")
        return self.status == 200 and is_own and has_result  # noqa: PLR2004 -- HTTP OK

    @property
    def executed(self) -> bool:
        """Whether anything of the MCP server answered: a JSON-RPC result, or a session id."""
        return "result" in self.message or self.header("mcp-session-id") is not None

    @property
    def was_a_tool_error(self) -> bool:
        """Whether a tool, or the protocol, told of an error in the way the protocol specifies."""
        return bool(self.result.get("isError")) or bool(self.error)

    @property
    def retry_after(self) -> int | None:
        """The whole seconds that Retry-After asks to wait, from either of its two forms.

        None when it is absent or neither, or a date in an answer that has none of its own.
        """
        told = self.header("retry-after") or ""
        if _SECONDS.fullmatch(told):
            return int(told)
        try:
            until = parsedate_to_datetime(told)
            return int((until - parsedate_to_datetime(self.header("date") or "")).total_seconds())
        except (ValueError, TypeError, IndexError, OverflowError):
            return None

    @property
    def visible(self) -> tuple[int, tuple[tuple[str, str], ...], str]:
        """What a caller can compare: status, headers that are not per request, body."""
        headers = tuple(
            sorted(
                (name.lower(), self._scrubbed(value))
                for name, value in self.headers
                if not _is_per_request(name.lower())
            )
        )
        return self.status, headers, self._scrubbed(self._without_own_id(self.text))

    def _without_own_id(self, text: str) -> str:
        """Mask the id of a JSON-RPC answer: it is the caller's own and tells the caller nothing."""
        own = self.message.get("id")
        if not isinstance(own, (int, str)):
            return text
        return re.sub(rf'("id"\s*:\s*){re.escape(json.dumps(own))}\b', r"\1<own>", text, count=1)

    def without(self, *values: str) -> Answer:
        """Return the answer for a comparison that leaves out values of this request's own."""
        return replace(self, scrub=(*self.scrub, *values))

    def _scrubbed(self, text: str) -> str:
        for value in self.scrub:
            text = _blanked(text, value)
        return _TIMESTAMP.sub("<time>", text)

    def __repr__(self) -> str:
        """Tell the answer in a line: this is what a failed assertion shows."""
        if self.transport is Transport.TIMEOUT:
            return f"timed out after {self.seconds:.0f} s"
        if self.transport is not Transport.ANSWERED:
            why = f": {self.detail[:_SHOWN]}" if self.detail else ""
            return f"{self.transport.value}{why}"
        end = " and no end of it" if self.truncated else ""
        return f"{self.status} {self.text[:_SHOWN]!r}{end}"


def _blanked(text: str, value: str) -> str:
    """Return a text without a value; a short one, such as a number, only where it stands alone."""
    if len(value) > _SHORT:
        return text.replace(value, "<per request>")
    alone = rf"({_UUID})|(?<![0-9A-Za-z]){re.escape(value)}(?![0-9A-Za-z])"
    return re.sub(alone, lambda found: found[1] or "<per request>", text) if value else text


def _is_per_request(name: str) -> bool:
    return name in _PER_REQUEST or name.startswith(_PER_REQUEST_PREFIXES)


def is_done(answer: Answer) -> bool:
    """Tell whether an operation was carried out (RFC 9110 section 15.3)."""
    return HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES


def says(answer: Answer, expected: dict[str, object] | None) -> bool:
    """Tell whether a JSON body holds at least the expected entries; None expects nothing."""
    return (expected or {}).items() <= answer.entries.items()
