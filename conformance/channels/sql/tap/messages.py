"""PostgreSQL's wire protocol, version 3: as much of it as a tap must understand."""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

TLS_REQUEST = 80877103
GSS_REQUEST = 80877104
CANCEL_REQUEST = 80877102
LONGEST_OPENING = 10_000
"""Bytes of the first message, as PostgreSQL bounds it."""
_HEAD = 5
_NAME = b"hallmark_tap"
_TEXT = 25
"""The type of text, by PostgreSQL's own number."""
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_LONGEST_STATEMENT = 200


class Message(NamedTuple):
    """One message: its kind, and its bytes with kind and length."""

    kind: bytes
    raw: bytes

    @property
    def body(self) -> bytes:
        """What it holds."""
        return self.raw[_HEAD:]


class Stream:
    """Cuts a stream into whole messages."""

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def is_between(self) -> bool:
        """Whether no message has come in part."""
        return not self._held

    def feed(self, data: bytes) -> list[Message]:
        """Return the messages that are whole now. Raises ValueError for what is none."""
        self._held += data
        found: list[Message] = []
        while len(self._held) >= _HEAD:
            (length,) = struct.unpack_from(">i", self._held, 1)
            if length < _HEAD - 1:
                raise ValueError("this is no message of PostgreSQL's protocol")
            if len(self._held) <= length:
                break
            raw = bytes(self._held[: length + 1])
            del self._held[: length + 1]
            found.append(Message(raw[:1], raw))
        return found


def question(setting: str) -> bytes:
    """Return messages that ask for a setting, and leave nothing of theirs behind.

    A statement and a portal with names of their own: a simple query would take the unnamed ones
    from the client, which may have prepared them for its next message.
    """
    query = b"SELECT pg_catalog.current_setting($1, true)"
    value = setting.encode()
    bound = struct.pack(">hhi", 0, 1, len(value)) + value + struct.pack(">h", 0)
    return b"".join(
        (
            _message(b"P", _NAME + b"\0" + query + b"\0" + struct.pack(">hi", 1, _TEXT)),
            _message(b"B", _NAME + b"\0" + _NAME + b"\0" + bound),
            _message(b"E", _NAME + b"\0" + struct.pack(">i", 0)),
            _message(b"C", b"P" + _NAME + b"\0"),
            _message(b"C", b"S" + _NAME + b"\0"),
            _message(b"S", b""),
        )
    )


def only_value(row: Message) -> str:
    """Return the one value of a row; nothing where it is null."""
    _, length = struct.unpack_from(">hi", row.body)
    return row.body[6 : 6 + length].decode("utf-8", "replace") if length > 0 else ""


def names(body: bytes, count: int) -> list[str]:
    """Return the first texts of a message, each of which ends with a zero."""
    return [part.decode("utf-8", "replace") for part in body.split(b"\0", count)[:count]]


def user_of(opening: bytes) -> str:
    """Return the role that a client's first message asks to be, which is pairs of texts."""
    parts = opening[8:].split(b"\0")
    told = dict(zip(parts[::2], parts[1::2], strict=False))
    return told.get(b"user", b"").decode("utf-8", "replace")


def without_values(statement: str) -> str:
    """Return a statement in a line, without the values that stand in it."""
    return " ".join(_LITERAL.sub("'…'", statement).split())[:_LONGEST_STATEMENT]


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">i", len(body) + 4) + body
