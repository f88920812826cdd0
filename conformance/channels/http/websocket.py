"""What a server answers to one message on a WebSocket (RFC 6455) that it has opened."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import httpcore

from conformance.channels.http.body import is_reply, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_BYTES = 1 << 16
_TEXT, _CLOSE, _CONTROL = 0x1, 0x8, 0x8
_LAST, _MASKED, _LENGTH = 0x80, 0x80, 0x7F
_TWO, _EIGHT = 126, 127
"""Lengths that tell that the length follows, in so many bytes."""
_NO_MASK = bytes(4)
"""A mask of zeros, which leaves what it masks as it is."""


def answered(stream: httpcore.NetworkStream, message: bytes) -> bytes:
    """Send a message and return the JSON-RPC reply; empty where none comes in time.

    The stream bounds the time; what is no reply, such as a greeting, is passed over.
    """
    if not message:
        return b""
    try:
        stream.write(_frame(message))
        for found in _messages(stream):
            if _is_reply(found):
                return found
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        pass  # it has said nothing
    return b""


def _is_reply(found: bytes) -> bool:
    message: Any = parsed(found)
    return is_reply(message) and message.get("jsonrpc") == "2.0"


def _frame(message: bytes) -> bytes:
    """Return a message in one frame, masked as a client's must be."""
    first, length = _LAST | _TEXT, len(message)
    if length < _TWO:
        head = struct.pack("!BB", first, _MASKED | length)
    else:
        head = struct.pack("!BBH", first, _MASKED | _TWO, length)
    return head + _NO_MASK + message


def _messages(stream: httpcore.NetworkStream) -> Iterator[bytes]:
    """Yield the messages of the server's frames until it closes, or says too much."""
    waiting, whole, taken = bytearray(), bytearray(), 0
    while taken < _MOST_BYTES and (piece := stream.read(_MOST_BYTES)):
        taken += len(piece)
        waiting += piece
        while frame := _first(waiting):
            first, payload, size = frame
            del waiting[:size]
            if first & 0xF == _CLOSE:
                return
            if first & _CONTROL:
                continue
            whole += payload
            if first & _LAST:
                yield bytes(whole)
                whole.clear()


def _first(waiting: bytearray) -> tuple[int, bytes, int] | None:
    """Return the first byte, the payload and the size of a frame; None where it is not whole."""
    if len(waiting) < 2:  # noqa: PLR2004 -- the least there is
        return None
    length, begin = waiting[1] & _LENGTH, 2
    more = {_TWO: 2, _EIGHT: 8}.get(length, 0)
    if more:
        begin += more
        length = int.from_bytes(waiting[2:begin], "big")
    end = begin + length
    if len(waiting) < end:
        return None
    return waiting[0], bytes(waiting[begin:end]), end
