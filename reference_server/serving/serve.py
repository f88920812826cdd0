"""Serves the application with uvicorn until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any

import uvicorn

from reference_server.audit.repeats import Teller
from reference_server.core.errors import ConfigurationError
from reference_server.protocol.gate import build_asgi
from reference_server.serving.parser import protocol_class
from reference_server.web.app import create_app

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import FrameType

    from reference_server.core.settings import Settings
    from reference_server.parts import Parts
    from reference_server.protocol.gate import Gate
    from reference_server.serving.budget import Budget

GRACE_SECONDS = 2
"""How long answers in progress may take after SIGTERM, in whole seconds (uvicorn's unit)."""

BACKLOG = 512


class Server(uvicorn.Server):
    """uvicorn's server, which says when it answers and ends open streams when told to stop."""

    def __init__(
        self, config: uvicorn.Config, gate: Gate, on_started: Callable[[], None] | None
    ) -> None:
        super().__init__(config)
        self._gate = gate
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then tell."""
        await super().startup(sockets)
        if self._on_started is not None:
            # Off the loop: whoever is told may well ask the server something at once.
            await asyncio.get_running_loop().run_in_executor(None, self._on_started)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening and finish what was begun; streams have no end of their own."""
        self._gate.stop_streams()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Stop at SIGTERM and SIGINT; unlike uvicorn's, do not raise them again afterwards.

        The caller still has a trail to close and perhaps a database to stop.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handled = (signal.SIGTERM, signal.SIGINT)
        previous = {number: signal.signal(number, self.handle_exit) for number in handled}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; a second signal does not cut what the first one left to finish."""
        del sig, frame
        self.should_exit = True


def serve(
    settings: Settings,
    parts: Parts,
    on_ready: Callable[[int], None] | None = None,
    listener: socket.socket | None = None,
) -> int:
    """Serve until SIGTERM or SIGINT and return the exit code, 0.

    ``listener`` is a bound socket that several processes share; else one is made. Port 0 takes a
    free one; ``on_ready`` is called with the port, in a worker thread, once it answers.
    ConfigurationError when the address cannot be had; nothing listens before that. On the way out
    the background tasks and then the trail are closed.
    """
    teller = Teller(parts.repeats, parts.trail)
    try:
        server, listener = make_server(settings, parts, on_ready, listener)
        with listener:
            server.run(sockets=[listener])
    finally:
        teller.close()
        parts.oauth.cleanup.close()
        parts.tokens.ends.close()
        parts.keys.use.close()
        parts.trail.close()
    return 0


def make_server(
    settings: Settings,
    parts: Parts,
    on_ready: Callable[[int], None] | None,
    listener: socket.socket | None = None,
    budget: Budget | None = None,
) -> tuple[Server, socket.socket]:
    """Return a server that is ready to run, and its socket, bound but not listening yet.

    ``budget`` is what clients may take of it, if not the usual.
    """
    gate = build_asgi(create_app(settings, parts), settings, parts)
    listener = bind(settings) if listener is None else listener
    port = listener.getsockname()[1]
    started = None if on_ready is None else lambda: on_ready(port)
    protocol = parts.web.protocol(protocol_class(settings, parts, budget))
    config = uvicorn.Config(parts.web.edge(gate), http=protocol, **_options())
    return Server(config, gate, started), listener


def _options() -> dict[str, Any]:
    return {
        "lifespan": "on",
        "ws": "none",
        "loop": "auto",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        # Whose word for a client's address is taken, the gate decides.
        "proxy_headers": False,
        "timeout_graceful_shutdown": GRACE_SECONDS,
        "backlog": BACKLOG,
    }


def bind(settings: Settings) -> socket.socket:
    """Return a bound socket that does not listen yet, so that nothing can connect too early.

    ConfigurationError when the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # With the protocol named asyncio turns Nagle's algorithm off; without, answers wait 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"cannot listen on {settings.host}:{settings.port} ({error.strerror}): "
            "choose another --host or --port"
        ) from error
    return listener
