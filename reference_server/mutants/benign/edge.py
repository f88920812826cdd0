"""Tools to change what goes over the wire, between the HTTP server and the application."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from reference_server.mutants.bending import replaced
from reference_server.mutants.model import Benign
from reference_server.protocol.gate import LONGEST_MESSAGE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping

    from reference_server.parts import Parts

    Message = MutableMapping[str, Any]
    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]
    Fields = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True)
class Reply:
    """A whole answer, and the request it answers. ``piece`` is in bytes; 0 sends it in one."""

    scope: Scope
    status: int
    fields: Fields
    body: bytes
    piece: int = 0

    def field(self, name: bytes) -> bytes:
        """Return a header field's value, empty when there is none; ``name`` in lower case."""
        return next((value for key, value in self.fields if key.lower() == name), b"")

    def asked(self, name: bytes) -> bytes:
        """Return a header field of the request in the same way."""
        return next((value for key, value in self.scope["headers"] if key.lower() == name), b"")

    def with_field(self, name: bytes, value: bytes) -> Reply:
        """Return the same answer with one field set."""
        return replace(self, fields=(*self.without(name).fields, (name, value)))

    def without(self, *names: bytes) -> Reply:
        """Return the same answer without some fields."""
        kept = tuple(pair for pair in self.fields if pair[0].lower() not in names)
        return replace(self, fields=kept)

    @property
    def is_json(self) -> bool:
        """Whether there is a JSON body."""
        return bool(self.body) and self.field(b"content-type").startswith(b"application/json")


def benign(name: str, summary: str, *, lacks: str = "", **bent: Any) -> Benign:
    """Return a variant; ``lacks`` are requirement ids separated by spaces."""
    return Benign(
        id=name, fails=frozenset(), summary=summary, lacks=frozenset(lacks.split()), **bent
    )


def rewritten(change: Callable[[Reply], Reply]) -> Callable[[Parts], Parts]:
    """Return a change of parts that passes every whole answer through a function.

    Open event streams pass as they are: they have no end to wait for.
    """

    def around(app: App) -> App:
        return _rewriting(app, change)

    return replaced({"web.edge": lambda _: around})


def json_rewritten(change: Callable[[Any, Reply], Any]) -> Callable[[Parts], Parts]:
    """Return a change of parts that passes every JSON body through a function."""
    return rewritten(in_json(change, separators=(",", ":")))


def in_json(change: Callable[[Any, Reply], Any], **form: Any) -> Callable[[Reply], Reply]:
    """Return a change of answers whose JSON body is changed; ``form`` is for ``json.dumps``."""

    def rewrite(reply: Reply) -> Reply:
        if not reply.is_json:
            return reply
        try:
            found = json.loads(reply.body)
        except ValueError:  # a number with more digits than Python reads
            return reply
        return replace(reply, body=json.dumps(change(found, reply), **form).encode())

    return rewrite


def sessions_named(make: Callable[[], str]) -> Callable[[Parts], Parts]:
    """Return a change of parts that gives each session another id than the SDK does."""
    outer: dict[bytes, bytes] = {}
    inner: dict[bytes, bytes] = {}

    def tell(value: bytes) -> bytes:
        if value not in outer:
            outer[value] = make().encode()
            inner[outer[value]] = value
        return outer[value]

    def around(app: App) -> App:
        async def edge(scope: Scope, receive: Receive, send: Send) -> None:
            async def renamed(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = _exchanged(message["headers"], tell)
                await send(message)

            if scope["type"] == "http":
                understood = _exchanged(scope["headers"], lambda value: inner.get(value, value))
                scope = {**scope, "headers": understood}
            await app(scope, receive, renamed)

        return edge

    return replaced({"web.edge": lambda _: around})


def _exchanged(
    headers: Iterable[tuple[bytes, bytes]], change: Callable[[bytes], bytes]
) -> list[tuple[bytes, bytes]]:
    name = b"mcp-session-id"
    return [(key, change(value) if key.lower() == name else value) for key, value in headers]


async def read_whole(receive: Receive) -> bytes:
    """Return the whole body of a request; of one that no server takes, as much as tells that."""
    body, more = b"", True
    while more and len(body) <= LONGEST_MESSAGE:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read, and then whatever else comes."""
    goes_on = len(body) > LONGEST_MESSAGE
    whole: list[Message] = [{"type": "http.request", "body": body, "more_body": goes_on}]

    async def again() -> Message:
        return whole.pop() if whole else await receive()

    return again


async def answer(send: Send, status: int, body: str = "", kind: str = "") -> None:
    """Answer a request in the application's place; ``kind`` is the media type of the body."""
    fields = [(b"content-length", str(len(body.encode())).encode())]
    if kind:
        fields.append((b"content-type", kind.encode()))
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body.encode()})


def delayed(seconds: float) -> Callable[[Parts], Parts]:
    """Return a change of parts that begins every answer so much later, and blocks nobody else."""

    def around(app: App) -> App:
        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            async def send_late(message: Message) -> None:
                if message["type"] == "http.response.start":
                    await asyncio.sleep(seconds)
                await send(message)

            await app(scope, receive, send_late)

        return slow

    return replaced({"web.edge": lambda _: around})


def _rewriting(app: App, change: Callable[[Reply], Reply]) -> App:
    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        passes = scope["type"] != "http"
        await app(scope, receive, send if passes else _Rewriter(scope, send, change).send)

    return edge


class _Rewriter:
    """Holds one answer back until it is whole, and sends another in its place."""

    def __init__(self, scope: Scope, send: Send, change: Callable[[Reply], Reply]) -> None:
        self._scope, self._send, self._change = scope, send, change
        self._reply: Reply | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            fields = tuple((bytes(name), bytes(value)) for name, value in message["headers"])
            self._reply = Reply(self._scope, message["status"], fields, b"")
            if self._reply.field(b"content-type").startswith(b"text/event-stream"):
                self._reply = None
                await self._send(message)
        elif self._reply is None:
            await self._send(message)
        else:
            self._reply = replace(self._reply, body=self._reply.body + message.get("body", b""))
            if not message.get("more_body", False):
                await self._finish(self._change(self._reply))

    async def _finish(self, reply: Reply) -> None:
        fields = list(reply.fields)
        if reply.body:
            fields = list(reply.without(b"content-length").fields)
            if not reply.piece:
                fields.append((b"content-length", str(len(reply.body)).encode()))
        start = {"type": "http.response.start", "status": reply.status, "headers": fields}
        await self._send(start)
        for piece in _pieces(reply):
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})


def _pieces(reply: Reply) -> Iterator[bytes]:
    size = reply.piece or max(1, len(reply.body))
    return (reply.body[at : at + size] for at in range(0, len(reply.body), size))
