"""Windows that keep to the clock end when they do: in the middle of a measurement, for one."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, ClassVar

import pytest

from conformance.selftest.checks.test_limit_halves import LIMIT, OF_ADDRESSES, Limits
from conformance.selftest.judging import judge
from conformance.selftest.targets import serving

if TYPE_CHECKING:
    from pathlib import Path

TOLD = OF_ADDRESSES.replace("[answers]", '[answers]\nrate_limited = { error = "slow down" }')
ENDS_AT = 5
"""The request of the first measurement at which the window ends."""


class ByTheClock(Limits):
    """Counts in windows of a second. The first one ends early, as if it had begun before."""

    limit: ClassVar[int] = LIMIT
    lock: ClassVar[threading.Lock]  # bounded: held to count
    asked: ClassVar[dict[str, int]]
    ended: ClassVar[float]

    def is_admitted(self) -> bool:
        """Count one request more."""
        cls, subject = type(self), self.subject()
        with cls.lock:
            now, count = time.monotonic(), cls.asked.get(subject, 0) + 1
            is_first_end = cls.ended == 0 and count == ENDS_AT
            if is_first_end or 0 < cls.ended <= now - 1:
                cls.asked.clear()
                cls.ended, count = now, 1
            cls.asked[subject] = count
            return count <= cls.limit


class OneTooMany(ByTheClock):
    """Admits one more than it declares, in every window."""

    limit = LIMIT + 1


@pytest.mark.parametrize(("kind", "verdict"), [(ByTheClock, "pass"), (OneTooMany, "fail")])
def test_a_window_that_ends_meanwhile_is_not_held_against_a_limit(
    kind: type[ByTheClock], verdict: str, tmp_path: Path
) -> None:
    kind.lock, kind.asked, kind.ended = threading.Lock(), {}, 0.0
    with serving(kind) as url:
        words = (f"--target={url}", "--requirement=RATE-01", "--patience=3")
        judged = judge(tmp_path, *words, profile=TOLD)
    assert judged.verdicts == {"RATE-01": verdict}, judged.output
    assert kind.ended, "no window ended in the middle of a measurement"
