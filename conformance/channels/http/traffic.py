"""Requests from many threads at once, until something happens to the server in their midst."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire

T = TypeVar("T")
AT_ONCE = 8
MOST = 400
"""Requests a thread sends at most: traffic ends by itself if nothing else ends it."""


class Traffic:
    """Keeps asking with one key. ``identify`` names an answered request; ``answered`` are those."""

    def __init__(self, line: Wire, key: str, identify: Callable[[Answer], str]) -> None:
        self._line, self._key, self._identify = line, key, identify
        self.answered: list[str] = []

    def until(self, count: int, act: Callable[[], T]) -> T:
        """Ask from all threads, ``act`` after ``count`` answers; return what that returned.

        Each thread goes on until it is refused or cut off, so that some requests are under way.
        """
        enough = threading.Event()

        def ask(_: int) -> None:
            for _ in range(MOST):
                answer = self._line.knock(self._key)
                if not answer.succeeded:
                    break
                self.answered.append(self._identify(answer))
                if len(self.answered) >= count:
                    enough.set()
            enough.set()

        with ThreadPoolExecutor(AT_ONCE) as pool:
            asking = [pool.submit(ask, number) for number in range(AT_ONCE)]
            enough.wait()
            done = act()
            for future in asking:
                future.result()
        return done
