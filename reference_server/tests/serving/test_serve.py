"""The process: it listens only when ready, stops at a signal, and closes what it was given."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reference_server.core.errors import ConfigurationError
from reference_server.serving.serve import make_server, serve
from reference_server.tests.fakes import World

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = """
import sys
import httpx
from reference_server.serving.serve import serve
from reference_server.tests.fakes import World

world = World()


def ready(port: int) -> None:
    print(port, httpx.get(f"http://127.0.0.1:{port}/health").status_code, flush=True)


code = serve(world.settings, world.parts(), ready)
print(code, world.trail.closed, world.key_use.closed, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_and_closes_the_trail(number: signal.Signals) -> None:
    command: Sequence[str] = [sys.executable, "-c", PROGRAM]
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        assert process.stdout.readline().split()[1] == "200"
        process.send_signal(number)
        assert process.stdout.readline().split() == ["0", "True", "True"]
        assert process.wait(5) == 0


def test_a_port_in_use_is_a_sentence_and_closes_the_trail() -> None:
    world = World()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = World().settings
        settings = type(settings)(database="", secrets_dir=Path(), port=port)
        with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1:{port}"):
            serve(settings, world.parts())
    assert world.trail.closed


def test_nothing_listens_before_the_server_runs() -> None:
    world = World()
    server, listener = make_server(world.settings, world.parts(), None)
    address = listener.getsockname()
    with listener, pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=1)
    assert not server.started


def test_a_server_nobody_waits_for_starts_and_stops_all_the_same() -> None:
    world = World()
    server, listener = make_server(world.settings, world.parts(), None)
    server.should_exit = True
    with listener:
        server.run(sockets=[listener])
    assert server.started
