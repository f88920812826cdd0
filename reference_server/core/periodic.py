"""Work that is done again and again beside the requests."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Periodic:
    """Does some work every so many seconds, in a thread of its own, until it is closed.

    ``work`` has to answer for its own errors. ``last`` is what is done at the end, if anything.
    """

    def __init__(
        self,
        name: str,
        seconds: float,
        work: Callable[[], object],
        last: Callable[[], object] | None = None,
    ) -> None:
        self._seconds, self._work, self._last = seconds, work, last
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def close(self, within: float) -> None:
        """Stop, and wait so many seconds at most for what is under way; harmless when twice."""
        self._closing.set()
        self._thread.join(within)

    def _run(self) -> None:
        while not self._closing.wait(self._seconds):
            self._work()
        if self._last is not None:
            self._last()
