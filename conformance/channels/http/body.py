"""Bodies as they arrive: packed ones unpacked within bounds, event streams read event by event."""

from __future__ import annotations

import json
import re
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PIECE = 1 << 16
"""The most bytes unpacked at a time: a few kilobytes may hold gigabytes."""
_PLAIN = {"", "identity"}
_ZLIB = {"gzip", "x-gzip", "deflate"}
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS

_DEEPEST = 100
"""Levels of nesting of a JSON value that is read."""
_MOST_VALUES = 50_000
"""Values of a JSON text that is read: a megabyte of text may take a hundred of memory."""
_LINE_END = re.compile(r"\r\n|\n|\r")
_EVENT_END = re.compile(rb"(?:\r\n|\n|\r(?!\n)){2}")
_LONGEST_END = 4


class UnreadableBodyError(Exception):
    """A body in an encoding that was not asked for and is not read, or not what it claims to be."""


def unpacked(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Yield a body without its content coding, at most 64 KiB at a time.

    The judge asks for none, and a gateway may compress all the same. Raises UnreadableBodyError.
    """
    encoding = encoding.strip().lower()
    if encoding in _PLAIN:
        yield from chunks
        return
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
    for chunk in chunks:
        if encoding not in _ZLIB:
            raise UnreadableBodyError(f"Content-Encoding: {encoding[:40]}")
        yield b""  # what follows the packed body is passed over, and that is bounded in time, too
        try:
            yield from _unpacked_chunk(unpacker, chunk)
        except zlib.error as error:
            raise UnreadableBodyError(str(error)) from error


def _unpacked_chunk(unpacker: Any, chunk: bytes) -> Iterator[bytes]:
    is_more = not unpacker.eof
    while is_more:
        piece: bytes = unpacker.decompress(chunk, _PIECE)
        chunk = unpacker.unconsumed_tail
        yield piece
        is_more = bool(chunk) or len(piece) == _PIECE


class Event(NamedTuple):
    """An event of a stream: its own id, empty where it has none, and its data."""

    id: str
    data: str


def events(stream: str) -> list[Event]:
    """Return the events of a stream that have an id or data (HTML standard, section 9.2.6).

    An event that the stream's end cut off counts, too: what was sent was sent.
    """
    found: list[Event] = []
    identity, lines = "", list[str]()
    for line in [*_LINE_END.split(stream), ""]:
        name, _, value = line.partition(":")
        if name == "data":
            lines.append(value.removeprefix(" "))
        elif name == "id":
            identity = value.removeprefix(" ")
        elif not line and (lines or identity):
            found.append(Event(identity, "\n".join(lines)))
            identity, lines = "", []
    return found


def event_data(stream: str) -> list[str]:
    """Return the data of each event of a stream that has any."""
    return [event.data for event in events(stream) if event.data]


def parsed(text: str | bytes) -> Any:
    """Return the value that JSON text holds; None where it is none, or beyond all use.

    What is nested deeper, or holds more, could be read, and then break whoever walks or keeps it.
    """
    return _read(text)[0]


def is_beyond_use(text: str | bytes) -> bool:
    """Tell whether JSON text holds a value of which there is too much for ``parsed``."""
    return _read(text)[1]


def _read(text: str | bytes) -> tuple[Any, bool]:
    try:
        found: Any = json.loads(text)
    except ValueError:
        return None, False
    except RecursionError:
        return None, True
    return (found, False) if _is_bounded(found) else (None, True)


def _is_bounded(value: Any) -> bool:
    level: list[Any] = [value] if isinstance(value, (dict, list)) else []
    values = 0
    for _ in range(_DEEPEST):
        values += sum(map(len, level))
        if values > _MOST_VALUES:
            return False
        level = [
            inner
            for outer in level
            for inner in cast("Iterable[Any]", outer.values() if isinstance(outer, dict) else outer)
            if inner and isinstance(inner, (dict, list))
        ]
        if not level:
            return True
    return False


def is_reply(message: Any) -> bool:
    """Tell whether a parsed message is a JSON-RPC reply."""
    if not isinstance(message, dict):
        return False
    return not {"result", "error"}.isdisjoint(cast("dict[str, Any]", message))


class ReplyWatch:
    """Reads an event stream as it comes, and tells when a JSON-RPC reply is complete."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> bool:
        """Take some more of the stream; True once a whole event with a reply has come."""
        start = max(0, len(self._rest) - _LONGEST_END)
        self._rest += chunk
        while end := _EVENT_END.search(self._rest, start):
            event = bytes(self._rest[: end.end()])
            del self._rest[: end.end()]
            start = 0
            if any(is_reply(parsed(data)) for data in event_data(event.decode("utf-8", "replace"))):
                return True
        return False
