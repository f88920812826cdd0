"""What the checks of BLOCK share: failing on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys

MINUTE = 60


BEYOND = 3
"""Failures more than the limit where not the limit itself is judged, but what follows from it."""


def fail(line: Wire, keys: Keys, times: int) -> None:
    """Fail to authenticate so many times."""
    for _ in range(times):
        line.knock(keys.random())
