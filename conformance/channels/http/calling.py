"""Calls of one client, one after the other, in a thread beside the check that looks on."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from conformance.waiting import beside

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.forge.requests import Request


class Calls:
    """What one client sends, and what came of it, by what each is called."""

    def __init__(self, line: Wire, requests: Mapping[str, Request], key: str) -> None:
        self._line, self._requests, self._key = line, requests, key
        self._thread, self._part = threading.get_ident(), ""
        self._is_over = False
        self.answers: dict[str, Answer] = {}

    def make(self, is_stopped: Callable[[], bool]) -> None:
        """Make one after the other, until all are made or nobody looks on."""
        self._thread = threading.get_ident()
        try:
            for what, request in self._requests.items():
                if is_stopped():
                    return
                self._part = what
                self.answers[what] = self._line.send(request, key=self._key)
        finally:
            self._part, self._is_over = "", True

    def is_over(self) -> bool:
        """Tell whether all are answered."""
        return self._is_over

    def part(self) -> str:
        """Return what the call under way is called."""
        return self._part

    def spent(self) -> float:
        """Return the seconds of a processor that the thread has taken; 0 once it has ended."""
        with suppress(OSError):
            return time.clock_gettime(time.pthread_getcpuclockid(self._thread))
        return 0.0


@contextmanager
def calling(
    line: Wire, requests: Mapping[str, Request], key: str, seconds: float
) -> Generator[Calls]:
    """Have a client call while the block lasts; the last call then has so many seconds to end."""
    calls = Calls(line, requests, key)
    with beside(calls.make, "a call that another client makes", seconds):
        yield calls
