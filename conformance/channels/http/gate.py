"""Holds requests back until all of them are ready, so that they go out as one."""

from __future__ import annotations

from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_SECONDS = 5.0
"""How long a request waits for the others."""


class Gate:
    """Opens once so many requests wait at it, and stays open.

    A race on the target lasts a millisecond, and connecting takes as long: what waits here is
    connected and complete, and has only to be sent.
    """

    def __init__(self, count: int) -> None:
        self._barrier, self._is_open = Barrier(count), False

    def held(self, body: bytes) -> Iterator[bytes]:
        """Yield a body when the gate opens, or when the others are too long in coming."""
        if not self._is_open:
            with suppress(BrokenBarrierError):  # without who was not even connected
                self._barrier.wait(LONGEST_SECONDS)
            self._is_open = True
        yield body
