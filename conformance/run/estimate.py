"""How long the rest of a run may take, by what the same checks took on the reference server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conformance.model import Requirement

MEASURED = Path(__file__).parents[1] / "catalogue" / "seconds.json"
_UNMEASURED = 1.0
"""Seconds of a requirement that nobody has measured yet."""
_INERTIA = 5.0
"""Seconds of judging from which on this target's own pace counts more than the reference's."""
_EXACT, _STEP, _IN_SECONDS, _MINUTE = 10, 5, 90, 60
"""Below the first to the second; in steps as far as the third; then in minutes."""


def measured() -> dict[str, float]:
    """Return the seconds that the reference server took, by requirement."""
    return json.loads(MEASURED.read_text(encoding="utf-8"))


class Estimate:
    """The time that is left, corrected by how fast this target has been so far.

    ``checks`` are those that will be made, by node id; what cannot be made takes no time.
    ``more`` are seconds that the command line adds to a requirement.
    """

    def __init__(
        self,
        checks: Mapping[str, Requirement],
        workers: int = 1,
        more: Mapping[str, float] | None = None,
    ) -> None:
        self._workers = workers
        known = measured()
        counts: dict[str, int] = {}
        for entry in checks.values():
            counts[entry.id] = counts.get(entry.id, 0) + 1
        self._expected = {
            check: known.get(entry.id, _UNMEASURED) / counts[entry.id]
            + (more or {}).get(entry.id, 0.0)
            for check, entry in checks.items()
        }
        self._alone = {check for check, entry in checks.items() if entry.alone}
        self._took = self._should = _INERTIA

    def note(self, check: str, seconds: float) -> None:
        """Learn how long a check has taken."""
        if (expected := self._expected.pop(check, None)) is not None:
            self._took += seconds
            self._should += expected

    def left(self, running: Iterable[tuple[str, float]]) -> float:
        """Return the seconds left, given the checks that run and for how long each has."""
        pace = self._took / self._should
        rest = {check: seconds * pace for check, seconds in self._expected.items()}
        for check, seconds in running:
            if check in rest:
                rest[check] = max(0.0, rest[check] - seconds)
        alone = sum(seconds for check, seconds in rest.items() if check in self._alone)
        return alone + (sum(rest.values()) - alone) / self._workers


def in_words(seconds: float) -> str:
    """Return a time left in words, no more exact than an estimate is."""
    if seconds < 1:
        return "almost done"
    if seconds < _EXACT:
        return f"~{round(seconds)} s left"
    if seconds <= _IN_SECONDS:
        return f"~{_STEP * round(seconds / _STEP)} s left"
    return f"~{round(seconds / _MINUTE)} min left"
