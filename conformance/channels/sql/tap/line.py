"""One tapped connection: passes on every byte, and asks a question where there is room for one."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from conformance.channels.sql.tap import messages
from conformance.channels.sql.tap.messages import Message, Stream

QUIET_SECONDS = 0.2
"""A connection on which nothing was said for so long is not in use, as far as can be seen."""
ASK_SECONDS = 5.0
_LOOK_SECONDS = 0.2
_CHUNK = 65536
_MOST_HELD = 1 << 20
"""Bytes that wait to be sent in one direction before no more are taken from the other end."""
_KEPT = 50
IDLE, OPEN = "I", "T"
_NOTHING_YET = ("BEGIN", "START", "SET", "COMMIT", "ROLLBACK", "END")


@dataclass(frozen=True)
class Seen:
    """What is known of one connection.

    ``context`` is None where it could not be asked, ``said`` are its latest statements, without
    the values in them, of ``statements`` in all. ``state`` is PostgreSQL's letter for it, and
    ``role`` the one that it was opened as.
    """

    number: int
    state: str
    statements: int
    said: tuple[str, ...]
    context: str | None
    is_closed: bool
    role: str = ""


@dataclass
class _Question:
    setting: str
    answered: threading.Event = field(default_factory=threading.Event)
    answer: str | None = None
    is_sent: bool = False


class Line:
    """Runs until either end closes. ``ask`` may be called by another thread.

    While ``flows`` is not set, it listens to neither end.
    """

    def __init__(
        self,
        number: int,
        front: socket.socket,
        back: socket.socket,
        role: str = "",
        flows: threading.Event | None = None,
    ) -> None:
        self._flows = flows
        self.number, self._front, self._back, self._role = number, front, back, role
        self._from_front, self._from_back = Stream(), Stream()
        self._to_front, self._to_back = bytearray(), bytearray()
        self._bell, self._ear = socket.socketpair()
        self._pending, self._is_mid, self._state = 1, False, ""
        self._named: dict[str, str] = {}
        self._portals: dict[str, str] = {}
        self._said, self._statements = deque[str](maxlen=_KEPT), 0
        self._has_begun = False
        self._moved = time.monotonic()
        self._question: _Question | None = None
        self.is_closed = False

    def seen(self, context: str | None) -> Seen:
        """Return what is known of it."""
        said = tuple(self._said)
        counted = self.number, self._state, self._statements
        return Seen(*counted, said, context, self.is_closed, self._role)

    @property
    def is_quiet(self) -> bool:
        """Whether it is closed, or every question on it was answered a moment ago."""
        return self.is_closed or (self._has_room and time.monotonic() - self._moved > QUIET_SECONDS)

    def ask(self, setting: str) -> str | None:
        """Return a setting's value on it, empty for none; None where it cannot be asked now."""
        if self.is_closed or not self.is_quiet or self._question is not None:
            return None
        question = self._question = _Question(setting)
        with contextlib.suppress(OSError):  # it closes just now, and then answers for itself
            self._bell.send(b"?")
        question.answered.wait(ASK_SECONDS)
        return question.answer

    def run(self) -> None:
        """Pass on what either end says until one closes."""
        try:
            while not self.is_closed:
                if self._flows is None or self._flows.wait(_LOOK_SECONDS):
                    self._turn()
        except (OSError, ValueError):
            pass  # either end is gone, or speaks something else
        finally:
            self.is_closed = True
            if self._question is not None:
                self._question.answered.set()
            for end in (self._front, self._back, self._bell, self._ear):
                end.close()

    @property
    def _has_room(self) -> bool:
        """Whether a question between two of the client's messages would disturb nothing."""
        is_between = self._from_front.is_between and self._from_back.is_between
        held = self._to_front or self._to_back
        return is_between and not held and self._pending == 0 and not self._is_mid

    @property
    def _may_ask(self) -> bool:
        # The first query of a transaction fixes what may be set before it alone.
        is_fit = self._state == IDLE or (self._state == OPEN and self._has_begun)
        return self._has_room and is_fit

    def _turn(self) -> None:
        is_asking = self._question is not None and self._question.is_sent
        ears = [self._ear]
        if not is_asking and len(self._to_back) < _MOST_HELD:
            ears.append(self._front)
        if len(self._to_front) < _MOST_HELD:
            ears.append(self._back)
        mouths = [
            end
            for end, held in ((self._front, self._to_front), (self._back, self._to_back))
            if held
        ]
        heard, ready, _ = select.select(ears, mouths, [], _LOOK_SECONDS)
        if self._back in heard:
            self._take(self._back)
        if self._front in heard:
            self._take(self._front)
        if self._ear in heard:
            self._ear.recv(_CHUNK)  # bounded: it was selected
            self._put_question()
        for end, held in ((self._front, self._to_front), (self._back, self._to_back)):
            if end in ready:
                del held[: end.send(held)]

    def _take(self, end: socket.socket) -> None:
        data = end.recv(_CHUNK)  # bounded: it was selected
        if not data:
            self.is_closed = True
            self._flush()
            return
        if end is self._front:
            self._moved = time.monotonic()
            for message in self._from_front.feed(data):
                self._note_asked(message)
                self._to_back += message.raw
            return
        for message in self._from_back.feed(data):
            if not self._is_answer(message):
                self._moved = time.monotonic()
                self._note_told(message)
                self._to_front += message.raw

    def _flush(self) -> None:
        """Pass on what was said before one end closed."""
        for end, held in ((self._front, self._to_front), (self._back, self._to_back)):
            end.settimeout(_LOOK_SECONDS)
            end.sendall(held)

    def _put_question(self) -> None:
        question = self._question
        if question is None:
            return
        if self._may_ask:
            question.is_sent = True
            self._to_back += messages.question(question.setting)
            return
        self._question = None
        question.answered.set()

    def _is_answer(self, message: Message) -> bool:
        """Take a message that answers our question; tell whether it does."""
        question = self._question
        if question is None or not question.is_sent or message.kind in b"ANS":
            return False
        if message.kind == b"D":
            question.answer = messages.only_value(message)
        elif message.kind == b"C" and question.answer is None:
            question.answer = ""
        elif message.kind == b"E":
            question.answer = None
        elif message.kind == b"Z":
            self._state = message.body.decode()
            self._question = None
            question.answered.set()
        return True

    def _note_told(self, message: Message) -> None:
        if message.kind == b"Z":
            self._pending -= 1
            self._state = message.body.decode()
            if self._state == IDLE:
                self._has_begun = False

    def _note_asked(self, message: Message) -> None:
        kind, body = message.kind, message.body
        if kind == b"Q":
            self._pending += 1
            self._note(messages.names(body, 1)[0])
        elif kind == b"S":
            self._pending, self._is_mid = self._pending + 1, False
        elif kind == b"F":
            self._pending += 1
            self._note("a function's call")
        elif kind in b"PBEDCH":
            self._is_mid = True
            self._note_prepared(kind, body)

    def _note_prepared(self, kind: bytes, body: bytes) -> None:
        if kind == b"P":
            name, query = messages.names(body, 2)
            self._named[name] = query
        elif kind == b"B":
            portal, name = messages.names(body, 2)
            self._portals[portal] = self._named.get(name, "")
        elif kind == b"E":
            self._note(self._portals.get(messages.names(body, 1)[0], ""))
        elif kind == b"C":
            held = self._named if body[:1] == b"S" else self._portals
            held.pop(messages.names(body[1:], 1)[0], None)

    def _note(self, statement: str) -> None:
        words = messages.without_values(statement)
        self._said.append(words)
        self._statements += 1
        if not words.upper().startswith(_NOTHING_YET):
            self._has_begun = True
