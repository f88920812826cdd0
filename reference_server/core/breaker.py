"""A circuit breaker: once a storage answers nobody, callers are refused at once."""

from __future__ import annotations

import threading
import time

RETRY_SECONDS = 1.0
"""The time between two attempts while a storage is silent. Each is one caller's."""


class Breaker:
    """Tells whether it is worth while to ask a storage, from what became of those who asked.

    It opens when somebody has waited in vain and nobody was answered meanwhile: one slow statement
    among others shuts nobody out. While it is open one caller a second is let through, to find out.
    Any answer, an error included, closes it. All methods may be called by any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heard = time.monotonic()
        self._is_open = False
        self._next_attempt = 0.0

    @property
    def is_open(self) -> bool:
        """Tell whether the storage answers nobody, as far as is known."""
        return self._is_open

    def admits(self) -> bool:
        """Tell whether to ask; while the breaker is open, True once a second."""
        if not self._is_open:
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._next_attempt:
                return False
            self._next_attempt = now + RETRY_SECONDS
            return True

    def heard(self) -> None:
        """Note an answer."""
        self._heard = time.monotonic()
        self._is_open = False

    def missed(self, since: float) -> None:
        """Note that none came to who has waited from that moment on, by the monotonic clock."""
        with self._lock:
            if self._heard < since:
                self._is_open = True
                self._next_attempt = time.monotonic() + RETRY_SECONDS
