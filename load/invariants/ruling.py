"""The verdict on one invariant, with what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

_EXAMPLES = 3


@dataclass(frozen=True)
class Ruling:
    """What a run showed of one invariant. ``evidence`` is one line."""

    invariant: str
    verdict: Verdict
    evidence: str

    @staticmethod
    def passed(invariant: str, evidence: str) -> Ruling:
        """Return the ruling on an invariant that was seen to hold."""
        return Ruling(invariant, Verdict.PASS, evidence)

    @staticmethod
    def unseen(invariant: str, reason: str) -> Ruling:
        """Return the ruling on an invariant of which too little was seen."""
        return Ruling(invariant, Verdict.NOT_ASSESSED, reason)

    @staticmethod
    def failed(invariant: str, faults: Sequence[str]) -> Ruling:
        """Return the ruling on a broken invariant: the first faults, and how many more."""
        more = len(faults) - _EXAMPLES
        words = [*faults[:_EXAMPLES], *([f"and {more} more"] if more > 0 else [])]
        return Ruling(invariant, Verdict.FAIL, "; ".join(words))
