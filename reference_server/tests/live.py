"""A real server around fake parts, on a real socket, for tests of what only a socket shows."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reference_server.serving.serve import make_server

if TYPE_CHECKING:
    from collections.abc import Generator

    from reference_server.serving.budget import Budget
    from reference_server.tests.fakes import World

READY_SECONDS = 10


@contextmanager
def serving(world: World, budget: Budget | None = None) -> Generator[str]:
    """Run a server in a thread; yield its origin, such as ``http://127.0.0.1:4711``."""
    ready = threading.Event()
    server, listener = make_server(
        world.settings, world.parts(), lambda _port: ready.set(), budget=budget
    )
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        assert ready.wait(READY_SECONDS), "the server did not become ready"
        yield origin
    finally:
        server.should_exit = True
        thread.join(READY_SECONDS)
        listener.close()
        assert not thread.is_alive(), "the server did not stop"
