"""One line of a terminal that is written anew again and again, until it is taken away."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from conformance import waiting

if TYPE_CHECKING:
    from collections.abc import Callable

_TICK = 1.0
_STILL = 10.0
"""Seconds between two lines while response times are measured: what draws must not disturb that."""
_ERASED = b"\r\x1b[2K"


class LiveLine:
    """Shows what ``text`` returns for a width, from ``show`` to ``hide``, at least once a second.

    It has a descriptor of its own, for while a check runs pytest has turned standard output away.
    """

    def __init__(self, terminal: int, text: Callable[[int], str]) -> None:
        self._terminal, self._text = os.dup(terminal), text
        self._changed = threading.Event()
        self._writing = threading.Lock()  # bounded: held to write one line
        self._is_shown = self._is_over = False
        self._thread = threading.Thread(target=self._tick, daemon=True)
        self._thread.start()
        waiting.listeners.append(self._changed.set)

    def show(self) -> None:
        """Show the line from now on."""
        self._is_shown = True
        self._changed.set()

    def hide(self) -> None:
        """Take the line away."""
        with self._writing:
            if self._is_shown:
                self._is_shown = False
                self._write(_ERASED)

    def close(self) -> None:
        """Take the line away for good; harmless when that was done before."""
        if self._is_over:
            return
        self.hide()
        waiting.listeners.remove(self._changed.set)
        self._is_over = True
        self._changed.set()
        self._thread.join(_STILL)
        os.close(self._terminal)

    def _tick(self) -> None:
        while not self._is_over:
            self._draw()
            wait = waiting.current_wait()
            self._changed.wait(_STILL if wait and wait.is_measuring else _TICK)
            self._changed.clear()

    def _draw(self) -> None:
        if not self._is_shown:
            return
        line = self._text(self._width()).rstrip().encode("utf-8", "replace")
        with self._writing:
            if self._is_shown and line:
                self._write(_ERASED + line)

    def _width(self) -> int:
        try:
            return os.get_terminal_size(self._terminal).columns or 80
        except OSError:
            return 80

    def _write(self, data: bytes) -> None:
        try:
            os.write(self._terminal, data)
        except OSError:  # the terminal is gone; the run need not be
            self._is_shown = False
