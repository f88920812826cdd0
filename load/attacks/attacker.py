"""One client of ill will: one address, one key, and as many connections as it likes.

It runs in a process of its own, which gives way to the server's: what it costs this machine would
be spent on another one.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from conformance.forge.halves import Halves
from conformance.forge.requests import STATELESS, Request, opening, tool_call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator
    from multiprocessing.queues import Queue
    from multiprocessing.synchronize import Event

    from load.attacks.attack import Attack

NICENESS = 10
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 10.0
PAUSE = 0.02
"""Seconds before a connection that was closed is opened anew."""
DEAF_SECONDS = 15.0
"""How long nothing is read: nobody hears that a connection was closed meanwhile."""
PIECE = 1 << 16
END_SECONDS = 20.0


@dataclass(frozen=True)
class Place:
    """Where a server is, and with what the client comes: its address, and the key that it has."""

    host: str
    port: int
    path: str
    address: str
    key_header: str
    key: str
    routes: tuple[str, ...]
    failing: tuple[str, str, str]
    """The name of a tool that fails as told, and its arguments for a message and any object."""
    ping: str


@dataclass
class Done:
    """What an attack has come to: how often it connected, was answered, and how much it sent."""

    connections: int = 0
    answers: int = 0
    bytes: int = 0
    statuses: dict[int, int] = field(default_factory=dict[int, int])


class Attacker:
    """Makes the attack's connections, each of which behaves alike until time is over."""

    def __init__(self, place: Place) -> None:
        self.place, self.done = place, Done()

    async def run(self, attack: Attack, seconds: float) -> Done:
        """Attack for so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as tasks:
                for number in range(attack.connections):
                    tasks.create_task(self._again_and_again(attack.behave, number))
        return self.done

    async def _again_and_again(
        self, behave: Callable[[Line, int], Awaitable[None]], number: int
    ) -> None:
        while True:  # bounded: by the attack's time
            with suppress(OSError, EOFError, ValueError, TimeoutError):
                async with asyncio.timeout(CONNECT_SECONDS):
                    streams = await asyncio.open_connection(
                        self.place.host, self.place.port, local_addr=(self.place.address, 0)
                    )
                self.done.connections += 1
                line = Line(self, *streams)
                try:
                    await behave(line, number)
                finally:
                    line.close()
            await asyncio.sleep(PAUSE)


class Line:
    """One connection of the attacker's."""

    def __init__(
        self, attacker: Attacker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.place, self._done = attacker.place, attacker.done
        self._reader, self._writer = reader, writer

    async def say(self, words: bytes) -> None:
        """Send bytes, as fast as they are taken."""
        self._writer.write(words)
        self._done.bytes += len(words)
        await self._writer.drain()

    async def keep(self) -> None:
        """Keep the connection for as long as the server does; what comes is read away."""
        while await self._reader.read(PIECE):
            pass

    async def be_deaf(self) -> None:
        """Keep the connection for a while and read nothing of what comes."""
        cast("asyncio.ReadTransport", self._writer.transport).pause_reading()
        await asyncio.sleep(DEAF_SECONDS)

    async def go_on(self, words: bytes) -> None:
        """Say the same for ever."""
        while True:  # bounded: by the attack's time
            await self.say(words)

    async def drip(self, words: bytes) -> None:
        """Say one byte after the other, slowly."""
        for number in range(len(words)):
            await self.say(words[number : number + 1])
            await asyncio.sleep(1)

    async def ask(self, request: bytes) -> tuple[int, dict[bytes, bytes]]:
        """Send a request and read its answer away; return status and fields."""
        await self.say(request)
        async with asyncio.timeout(ANSWER_SECONDS):
            head = await self._reader.readuntil(b"\r\n\r\n")
            status = int(head.split(b" ", 2)[1])
            fields = {
                name.strip().lower(): value.strip()
                for name, _, value in (row.partition(b":") for row in head.split(b"\r\n")[1:])
            }
            await self._reader.readexactly(int(fields.get(b"content-length", b"0")))
        self._done.answers += 1
        self._done.statuses[status] = self._done.statuses.get(status, 0) + 1
        if fields.get(b"connection", b"").lower() == b"close":
            raise EOFError
        return status, fields

    async def ask_on(self, request: bytes) -> None:
        """Ask the same over and over, each time that the answer is there."""
        while True:  # bounded: by the attack's time
            await self.ask(request)

    def close(self) -> None:
        """Break the connection off."""
        self._writer.transport.abort()

    # -- what is said ----------------------------------------------------------------------------

    def halves(self, request: Request | None = None, path: str = "", *, keyed: bool) -> Halves:
        """Return the halves of a request, with the key or without."""
        place = self.place
        fields = ((place.key_header, place.key),) if keyed else ()
        authority = f"{place.host}:{place.port}"
        return Halves(request or opening(STATELESS), authority, path or place.path, fields)

    def call(self, name: str, arguments: dict[str, Any]) -> bytes:
        """Return a call of a tool, with the key."""
        request = tool_call(name, arguments, revision=STATELESS, session=None)
        return self.halves(request, keyed=True).whole()


@contextmanager
def attacking(attack: Attack, place: Place, seconds: float) -> Generator[Callable[[], Done]]:
    """Have another process attack, for so many seconds; the block begins with it.

    What is yielded waits for its end, and returns what it did.
    """
    context = multiprocessing.get_context("spawn")
    told: Queue[Done] = context.Queue()
    begun = context.Event()
    process = context.Process(target=_attack, args=(attack.name, place, seconds, begun, told))
    process.start()
    try:
        if not begun.wait(END_SECONDS):
            raise TimeoutError(f"the attack {attack.name} did not begin in {END_SECONDS:.0f} s")
        yield lambda: told.get(timeout=seconds + END_SECONDS)
    finally:
        process.join(END_SECONDS)
        if process.is_alive():
            process.kill()


def _attack(name: str, place: Place, seconds: float, begun: Event, told: Queue[Done]) -> None:
    from load.attacks.families import ATTACKS

    os.nice(NICENESS)
    begun.set()
    told.put(asyncio.run(Attacker(place).run(ATTACKS[name], seconds)))
