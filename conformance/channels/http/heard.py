"""The protocol's messages that a run has heard: a few of each kind, to be judged at its end."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from conformance.channels.http.answer import Transport
from conformance.channels.http.body import event_data, parsed
from conformance.forge.requests import SESSION_REVISIONS, STATELESS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.answer import Answer
    from conformance.forge.requests import Request

_LONGEST_REQUEST = 1 << 14
_LONGEST_ANSWER = 1 << 18
"""Bytes of what is looked at: what is longer holds a page or a file, and is like others else."""
_LOOKED_AT = 40
"""Messages of one kind that are looked at for another shape."""
_KEPT = 6
"""Shapes of one kind that are kept."""
_KINDS = 300
_DEEPEST = 12
_SHOWN = 600
_BEFORE_THE_PROTOCOL = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}
)
"""What is answered by those who stand before the protocol, in whatever words."""
_CHOSEN = frozenset({"type", "role", "cacheScope", "resultType", "level", "jsonrpc", "status"})
"""Members of which each value is a shape of its own: they are chosen from a list."""


@dataclass(frozen=True)
class Heard:
    """One message of the target's; ``method`` is that of the request which it answers."""

    revision: str
    method: str
    value: Any
    status: int
    asked: str

    @property
    def kind(self) -> str:
        """What it is, by the members that it has."""
        if not isinstance(self.value, dict):
            return "batch"
        found = self._members
        if "method" in found:
            return "request" if "id" in found else "notification"
        return next((name for name in ("result", "error") if name in found), "none")

    @property
    def _members(self) -> dict[str, Any]:
        value: Any = self.value
        return cast("dict[str, Any]", value) if isinstance(value, dict) else {}

    @property
    def told(self) -> str:
        """What it is of, for a sentence: a method, or the code of an error."""
        found = self._members
        if self.kind == "error":
            error: Any = found["error"]
            code: Any = cast("dict[str, Any]", error).get("code") if isinstance(error, dict) else ""
            return f"error {str(code)[:20]}".rstrip()
        if self.kind in {"request", "notification"}:
            return f"{self.kind} {str(found['method'])[:60]}"
        return f"{self.kind} of {self.method}" if self.method else self.kind


class Messages:
    """Keeps what the target said in the protocol, each shape of it once, and within bounds.

    Only what answers a message that is one by its revision counts: what becomes of others no
    schema says. Threads may tell of what they hear at the same time.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], dict[str, Heard]] = {}
        self._seen: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()  # bounded: held to look a shape up

    def note(self, request: Request, answer: Answer) -> None:
        """Take what an answer holds of the protocol."""
        is_whole = answer.transport is Transport.ANSWERED and not answer.truncated
        if not is_whole or not answer.body or len(answer.body) > _LONGEST_ANSWER:
            return
        if answer.status in _BEFORE_THE_PROTOCOL or (asked := _asked(request)) is None:
            return
        revision, method = asked
        shown = (request.body or b"")[:_SHOWN].decode("utf-8", "replace")
        for value in _messages(answer, revision):
            self._keep(Heard(revision, method, value, answer.status, shown))

    def of(self, revision: str) -> list[Heard]:
        """Return what was heard in a revision."""
        with self._lock:
            kept = [entry for found in self._kept.values() for entry in found.values()]
        return [entry for entry in kept if entry.revision == revision]

    def _keep(self, heard: Heard) -> None:
        kind = heard.revision, heard.told
        with self._lock:
            self._seen[kind] += 1
            kept = self._kept.get(kind)
            if kept is None and len(self._kept) < _KINDS:
                kept = self._kept[kind] = {}
            if kept is None or self._seen[kind] > _LOOKED_AT or len(kept) >= _KEPT:
                return
            kept.setdefault(_shape(heard.value), heard)


def _asked(request: Request) -> tuple[str, str] | None:
    """Return revision and method of a request that its revision has room for; None for others.

    A stream that is opened (GET) has no method. What names a member twice is none: whoever reads
    the first of them is asked something else than whoever reads the last.
    """
    headers = {name.lower(): value for name, value in (*request.headers, *request.repeated)}
    told = headers.get("mcp-protocol-version", "")
    if request.method == "GET" and request.body is None and told in SESSION_REVISIONS:
        return told, ""
    if request.method != "POST" or not request.body or len(request.body) > _LONGEST_REQUEST:
        return None
    message = _read_once(request.body)
    if message is None or not _is_well_formed(message):
        return None
    method, params = str(message["method"]), cast("dict[str, Any]", message.get("params") or {})
    if told == STATELESS:
        meta: Any = params.get("_meta")
        own = cast("dict[str, Any]", meta) if isinstance(meta, dict) else {}
        is_said = own.get("io.modelcontextprotocol/protocolVersion") == told
        return (told, method) if is_said and headers.get("mcp-method") == method else None
    if method == "initialize":
        told = params.get("protocolVersion", "")
    return (told, method) if told in SESSION_REVISIONS else None


def _is_well_formed(message: dict[str, Any]) -> bool:
    identity = message.get("id", 0)
    return (
        message.get("jsonrpc") == "2.0"
        and isinstance(message.get("method"), str)
        and isinstance(message.get("params", {}), dict)
        and isinstance(identity, (int, str))
        and not isinstance(identity, bool)
    )


class _TwiceError(ValueError):
    """A name stands twice in an object."""


def _read_once(body: bytes) -> dict[str, Any] | None:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise _TwiceError
        return found

    try:
        message: Any = json.loads(body, object_pairs_hook=once)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", message) if isinstance(message, dict) else None


def _messages(answer: Answer, revision: str) -> Iterator[Any]:
    """Yield the messages of a body or of a stream; a batch as one where its revision has none."""
    whole = answer.json
    candidates = (
        [whole] if whole is not None else [parsed(data) for data in event_data(answer.text)]
    )
    for found in candidates:
        if not isinstance(found, list):
            if is_message(found, answer.status):
                yield found
            continue
        inner = [one for one in cast("list[Any]", found) if is_message(one, answer.status)]
        if inner and revision != SESSION_REVISIONS[-1]:
            yield cast("list[Any]", found)
        else:
            yield from inner


def is_message(value: Any, status: int) -> bool:
    """Tell whether a JSON value means to be a message of the protocol, well made or not.

    What a gateway says in its own words, as ``{"error": "forbidden"}``, is none.
    """
    if not isinstance(value, dict):
        return False
    found = cast("dict[str, Any]", value)
    if "jsonrpc" in found:
        return True
    error: Any = found.get("error")
    has_code = isinstance(error, dict) and isinstance(
        cast("dict[str, Any]", error).get("code"), int
    )
    return status == HTTPStatus.OK and ("result" in found or has_code)


def _shape(value: Any, name: str = "", depth: int = 0) -> str:
    """Return what is the same of two messages that a schema cannot tell apart, but for ranges."""
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        inner = (f"{key}:{_shape(one, key, depth + 1)}" for key, one in sorted(table.items()))
        return "{" + ",".join(inner) + "}"
    if isinstance(value, list):
        items = {_shape(one, name, depth + 1) for one in cast("list[Any]", value)}
        return "[" + "|".join(sorted(items)) + "]"
    if isinstance(value, str):
        return value if name in _CHOSEN else "s"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{type(value).__name__}{'-' if value < 0 else ''}"
    return type(value).__name__
