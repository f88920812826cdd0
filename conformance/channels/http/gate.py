"""Holds requests back until all of them are ready, so that they go out as one."""

from __future__ import annotations

from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import TYPE_CHECKING

from conformance.channels.http.bounds import send_on

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_SECONDS = 5.0
"""How long a request waits for the others."""


class Gate:
    """Opens once so many requests wait at it, and stays open.

    A race on the target lasts a millisecond, and connecting takes as long: what waits here is
    connected and complete, and has only to be sent. With ``sends_heads`` only bodies wait.
    """

    def __init__(self, count: int, *, sends_heads: bool = False) -> None:
        self._barrier, self._is_open = Barrier(count), False
        self._sends_heads = sends_heads

    @property
    def waiting(self) -> int:
        """How many wait here now."""
        return self._barrier.n_waiting

    def open(self) -> None:
        """Come as the last of those for whom it waits."""
        if not self._is_open:
            self._wait()

    def held(self, body: bytes) -> Iterator[bytes]:
        """Yield a body when the gate opens, or when the others are too long in coming."""
        if not self._is_open:
            if self._sends_heads:
                send_on()
            self._wait()
        yield body

    def _wait(self) -> None:
        with suppress(BrokenBarrierError):  # without who was not even connected
            self._barrier.wait(LONGEST_SECONDS)
        self._is_open = True
