"""Waits for what is at the other end of a line: a database, a health route, a reader."""

from __future__ import annotations

import socket
import subprocess
import threading
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import httpcore
import psycopg
import pytest

from conformance.channels.http.bounds import BoundedStream, within
from conformance.channels.programs import launch
from conformance.channels.programs.launch import Launched
from conformance.channels.sql import database
from conformance.waiting import OverdueError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

TINY = 0.3
AMPLE = 10.0
DSN = "host=127.0.0.1 port={} user=x dbname=x sslmode=disable gssencmode=disable"
WELCOME = b"R\0\0\0\x08\0\0\0\0" + b"S\0\0\0\x19client_encoding\0UTF8\0" + b"Z\0\0\0\x05I"


@contextmanager
def speaking(said: bytes) -> Generator[int]:
    """Yield the port of a server that says something to who speaks first, and then nothing."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(AMPLE)

        def speak() -> None:
            line, _ = listener.accept()
            with line:
                line.settimeout(AMPLE)
                line.recv(1000)
                line.sendall(said)
                over.wait(AMPLE)

        thread = threading.Thread(target=speak, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        over.set()
        thread.join(AMPLE)


def test_a_database_that_falls_silent_is_not_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database.BoundedConnection, "answer_seconds", TINY)
    with speaking(WELCOME) as port:
        connection = database.connected(DSN.format(port))
        with pytest.raises(OverdueError, match="the answer of a database"):
            connection.execute("SELECT 1")
        assert connection.closed
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_a_database_that_takes_nobody_in_is_not_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "CONNECT_SECONDS", 2)  # the least that libpq knows
    with speaking(b"") as port, pytest.raises(psycopg.OperationalError, match="timeout"):
        database.connected(DSN.format(port))


def test_a_health_route_that_is_silent_serves_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(launch, "ANSWER_SECONDS", TINY)
    process = subprocess.Popen(["/bin/sh", "-c", "exec sleep 60"], start_new_session=True)
    with speaking(b"") as port, Launched(process, port, tmp_path / "x", "/health") as server:
        assert not server.is_serving()


def test_a_port_that_takes_nobody_in_is_not_awaited(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(launch, "ANSWER_SECONDS", TINY)
    process = subprocess.Popen(["/bin/sh", "-c", "exec sleep 60"], start_new_session=True)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as waiting:
        port = full.getsockname()[1]
        for _ in range(4):  # more than may wait to be accepted
            with suppress(TimeoutError):
                waiting.enter_context(socket.create_connection(("127.0.0.1", port), TINY))
        with Launched(process, port, tmp_path / "x", "/health") as server:
            assert not server.accepts()


def test_who_reads_nothing_is_not_awaited() -> None:
    with speaking(b"") as port, within(TINY):
        stream = BoundedStream(httpcore.SyncBackend().connect_tcp("127.0.0.1", port))
        stream.write(b"x" * (1 << 26))
        with pytest.raises(httpcore.ReadTimeout):
            stream.read(1)
        stream.close()
