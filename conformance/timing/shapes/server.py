"""A server of one shape that refuses every key, and takes as much longer as a request says.

``python -m conformance.timing.shapes.server --shape SHAPE --state FILE``. ``loop`` answers in an
event loop, ``pool`` in the threads of a pool, ``split`` asks a process of another session, as a
server asks its database, twice for each key. ``tick`` answers at the next tick of 4 ms, as if it
had to wait for the scheduler, and ``mixed`` waits so in two of three requests: no leak that they
swallow may pass. ``X-Planted-Delay: 00300/001`` delays the refusal by 300 µs, where the key is
looked at.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import queue
import random
import select
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import cast

from conformance.timing.shapes.store import busy

WORK_MICROSECONDS = 150
"""What a look at a key takes without any delay."""
THREADS = 4
TICK = 4_000_000
"""Nanoseconds."""
_HEAD_END = b"\r\n\r\n"
_HEALTHY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_REFUSED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"


def planted(request: bytes) -> float:
    """Return the delay that a request asks for, in microseconds, as it falls this time."""
    _, found, after = request.partition(b"X-Planted-Delay: ")
    microseconds, _, one_in = (after.split(b"\r\n")[0] if found else b"0/1").partition(b"/")
    return float(microseconds) if random.randrange(int(one_in)) == 0 else 0.0  # noqa: S311 -- no secret


def refuse(request: bytes) -> bytes:
    """Look at the key, so to speak, and refuse it."""
    if b" /health " in request:
        return _HEALTHY
    busy(2 * WORK_MICROSECONDS + planted(request))
    return _REFUSED


class Looping(asyncio.Protocol):
    """Answers in the event loop."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self.transport = cast("asyncio.Transport", transport)
        self.received = b""

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        self.received += data
        while _HEAD_END in self.received:
            request, _, self.received = self.received.partition(_HEAD_END)
            self.answer(request)

    def answer(self, request: bytes) -> None:
        """Answer one request."""
        self.transport.write(refuse(request))


class Ticking(Looping):
    """Answers at a tick."""

    share = 1.0
    """The share of requests that wait."""

    def answer(self, request: bytes) -> None:
        """Answer one request."""
        answer = refuse(request)
        if answer is _REFUSED and random.random() < self.share:  # noqa: S311 -- no secret
            now = time.perf_counter_ns()
            select.select([], [], [], (TICK - now % TICK) / 1e9)  # to the microsecond
        self.transport.write(answer)


class Store(asyncio.Protocol):
    """The connection to the process of another session: one question at a time."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Future[None]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way there."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hand each line to who has waited longest for one."""
        for _ in range(data.count(b"\n")):
            self.waiting.pop(0).set_result(None)

    async def ask(self, microseconds: float) -> None:
        """Have it work so long, and wait for its answer."""
        answered = asyncio.get_running_loop().create_future()
        self.waiting.append(answered)
        self.transport.write(f"{microseconds}\n".encode())
        await answered


class Asking(Looping):
    """Answers when the store has."""

    def __init__(self, store: Store) -> None:
        self.store, self.tasks = store, set[asyncio.Task[None]]()

    def answer(self, request: bytes) -> None:
        """Begin to answer one request."""
        if b" /health " in request:
            self.transport.write(_HEALTHY)
            return
        task = asyncio.get_running_loop().create_task(self.look(request))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def look(self, request: bytes) -> None:
        """Ask the store twice, and refuse."""
        await self.store.ask(WORK_MICROSECONDS + planted(request))
        await self.store.ask(WORK_MICROSECONDS)
        self.transport.write(_REFUSED)


class Mixed(Ticking):
    """Answers at a tick in two of three requests."""

    share = 2 / 3


async def loop(state: Path, protocol: type[Looping]) -> None:
    """Serve in an event loop."""
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    _tell(state, server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def split(state: Path) -> None:
    """Serve in an event loop that asks a process of another session."""
    command = [sys.executable, "-m", "conformance.timing.shapes.store"]
    store = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)  # noqa: ASYNC220, S603 -- our own, at the start
    port = int(store.stdout.readline()) if store.stdout else 0
    running = asyncio.get_running_loop()
    _, asked = await running.create_connection(Store, "127.0.0.1", port)
    server = await running.create_server(lambda: Asking(asked), "127.0.0.1", 0)
    _tell(state, server.sockets[0].getsockname()[1], store.pid)
    await server.serve_forever()


def pool(state: Path) -> None:
    """Serve with a thread a connection, which hands each request to a pool of others."""
    todo: queue.SimpleQueue[tuple[socket.socket, bytes]] = queue.SimpleQueue()
    for _ in range(THREADS):
        threading.Thread(target=_work, args=(todo,), daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        _tell(state, listener.getsockname()[1])
        while True:
            line, _ = listener.accept()
            threading.Thread(target=_receive, args=(line, todo), daemon=True).start()


def _work(todo: queue.SimpleQueue[tuple[socket.socket, bytes]]) -> None:
    while True:
        line, request = todo.get()
        line.sendall(refuse(request))


def _receive(line: socket.socket, todo: queue.SimpleQueue[tuple[socket.socket, bytes]]) -> None:
    with line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while request := line.recv(1 << 16):
            todo.put((line, request))


def _tell(state: Path, port: int, *others: int) -> None:
    """Write the state file, as a whole: whoever waits for it reads it at once."""
    written = state.with_suffix(".new")
    document = {"url": f"http://127.0.0.1:{port}/mcp", "others": others}
    written.write_text(json.dumps(document), "utf-8")
    written.rename(state)


LOOPS = {"loop": Looping, "tick": Ticking, "mixed": Mixed}


def main(words: list[str] | None = None) -> None:
    """Serve until this process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=(*LOOPS, "pool", "split"), required=True)
    parser.add_argument("--state", type=Path, required=True)
    given = parser.parse_args(words)
    if given.shape == "pool":
        pool(given.state)
    elif given.shape == "split":
        asyncio.run(split(given.state))
    else:
        asyncio.run(loop(given.state, LOOPS[given.shape]))


if __name__ == "__main__":
    main()
