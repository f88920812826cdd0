"""The tap itself: listens where a server looks for its database, and passes on to the real one."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from typing import TYPE_CHECKING, Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from conformance.channels.sql.tap import messages
from conformance.channels.sql.tap.line import Line, Seen
from conformance.waiting import Crew, wait_for

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

CONNECT_SECONDS = 5.0
SETTLE_SECONDS = 3.0
"""How long a connection may take to be handed back after an answer."""
END_SECONDS = 10.0
_LOOK_SECONDS = 0.2
_PORT = 5432


class Tap:
    """Passes on to the database of ``dsn``. A context manager; ``address`` is where it listens."""

    def __init__(self, dsn: str, host: str = "127.0.0.1", port: int = 0) -> None:
        self._dsn = conninfo_to_dict(dsn)
        self._listener = socket.create_server((host, port))
        self._listener.settimeout(_LOOK_SECONDS)
        self._lines: list[Line] = []
        self._crew = Crew("the end of a tap")
        self._guard = threading.Lock()  # bounded: held to number a connection
        self._flows = threading.Event()
        self._flows.set()

    @property
    def host(self) -> str:
        """The address it listens at."""
        return self._listener.getsockname()[0]

    @property
    def port(self) -> int:
        """The port it listens at."""
        return self._listener.getsockname()[1]

    @property
    def dsn(self) -> str:
        """The database's address by way of the tap."""
        kept = {name: value for name, value in self._dsn.items() if name != "hostaddr"}
        tapped = {**kept, "host": self.host, "port": self.port, "sslmode": "disable"}
        return make_conninfo("", **tapped)

    def __enter__(self) -> Self:
        self._crew.start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._crew.is_over = True
        for line in tuple(self._lines):
            line.is_closed = True
        try:
            self._crew.wait(END_SECONDS)
        finally:
            self._listener.close()

    def look(self, setting: str) -> list[Seen]:
        """Return what each connection has of a setting, once all are quiet or it took too long."""
        lines = tuple(self._lines)
        wait_for(lambda: all(line.is_quiet for line in lines), SETTLE_SECONDS)
        return [line.seen(line.ask(setting)) for line in lines]

    @contextlib.contextmanager
    def holding(self) -> Generator[None]:
        """Pass on nothing for the length of the block, and close nothing: as a frozen host does.

        What has come meanwhile is passed on afterwards.
        """
        self._flows.clear()
        try:
            yield
        finally:
            self._flows.set()

    def _accept(self) -> None:
        while not self._crew.is_over:
            with contextlib.suppress(TimeoutError):
                front, _ = self._listener.accept()  # bounded: by the time-out of the listener
                self._crew.start(lambda front=front: self._serve(front))

    def _serve(self, front: socket.socket) -> None:
        with front, contextlib.suppress(OSError, ValueError, struct.error):
            front.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            front.settimeout(CONNECT_SECONDS)
            while not self._flows.wait(_LOOK_SECONDS):
                if self._crew.is_over:
                    return
            code, opening = _opened(front)
            with self._connected() as back:
                back.sendall(opening)
                if code == messages.CANCEL_REQUEST:
                    return
                for end in (front, back):
                    end.settimeout(CONNECT_SECONDS)
                with self._guard:
                    role = messages.user_of(opening)
                    line = Line(len(self._lines) + 1, front, back, role, self._flows)
                    self._lines.append(line)
                line.run()

    def _connected(self) -> socket.socket:
        host = str(self._dsn.get("hostaddr") or self._dsn.get("host") or "localhost")
        port = int(self._dsn.get("port") or _PORT)
        if host.startswith("/"):
            line = socket.socket(socket.AF_UNIX)
            line.settimeout(CONNECT_SECONDS)
            line.connect(os.path.join(host, f".s.PGSQL.{port}"))  # noqa: PTH118 -- no file
            return line
        line = socket.create_connection((host, port), CONNECT_SECONDS)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return line


def _opened(front: socket.socket) -> tuple[int, bytes]:
    """Return the code of a client's first message, and the message: in clear is all we speak."""
    for _ in range(3):
        length, code = struct.unpack(">ii", head := _exactly(front, 8))
        if code in {messages.TLS_REQUEST, messages.GSS_REQUEST}:
            front.sendall(b"N")
            continue
        if not len(head) <= length <= messages.LONGEST_OPENING:
            break
        return code, head + _exactly(front, length - len(head))
    raise ValueError("this is no client of PostgreSQL's")


def _exactly(line: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = line.recv(count - len(data))  # bounded: by the time-out of the socket
        if not part:
            raise ValueError("the client is gone")
        data += part
    return data
