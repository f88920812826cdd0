"""The clock channel: moves the target's clock forward, never back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.profile.target import Clock


class TargetClock:
    """Writes the offset file. Only checks that run alone may have one.

    ``on_advance`` is told the seconds: whatever keeps to the target's limits must count by them.
    """

    def __init__(self, channel: Clock, on_advance: Callable[[float], None]) -> None:
        self._path, self._on_advance = Path(channel.file), on_advance

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass at the target at once. Raises OSError when the file is not ours."""
        self._path.write_text(f"{self.offset() + seconds:.3f}\n", encoding="utf-8")
        self._on_advance(seconds)

    def offset(self) -> float:
        """Return by how many seconds the target's clock is ahead of ours."""
        try:
            return float(self._path.read_text(encoding="utf-8").strip() or 0)
        except FileNotFoundError:
            return 0.0
