"""The pace of a caller who is no program: a small pause, never twice the same, before a request."""

from __future__ import annotations

import secrets
import threading

from conformance.waiting import pass_time

LONGEST = 0.1
"""Seconds of one pause."""
MOST = 5.0
"""Seconds of all pauses of one check."""
_STEPS = 1000


class Gait:
    """Pauses for one check, in the thread that it began in.

    What a check sends from several threads is to be there at once.
    """

    def __init__(self, most: float = MOST) -> None:
        self._left = most
        self._thread = threading.get_ident()

    def pause(self) -> None:
        """Let a moment pass, as long as some of the check's time for pauses is left."""
        if threading.get_ident() != self._thread or self._left <= 0:
            return
        seconds = min(self._left, LONGEST * (1 + secrets.randbelow(_STEPS)) / _STEPS)
        self._left -= seconds
        pass_time(seconds, "pausing as a person would")
