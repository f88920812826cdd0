"""RLS-08 where a canary is gone: for good, or as long as others read."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar

import pytest

from conformance.selftest.checks.test_soaking import RLS_08, ROOMY, Notes
from conformance.selftest.judging import judge
from conformance.selftest.targets import serving

if TYPE_CHECKING:
    from pathlib import Path


class Overwritten(Notes):
    """Shows each tenant's notes until they were overwritten, as a tool that changes them may."""

    reads: ClassVar[list[str]] = []

    def shown(self, tenant: str) -> str:
        """Lose the notes of one tenant after some reads."""
        self.reads.append(tenant)
        return tenant if tenant == "tenant-b" or len(self.reads) < 12 else "nobody"


class LosesRowsInACrowd(Notes):
    """Shows nothing to whoever reads while many others do."""

    crowd: ClassVar[list[int]] = [0]
    meeting: ClassVar[threading.Barrier] = threading.Barrier(2)  # bounded: met within its time-out

    def do_POST(self) -> None:
        """Count who is inside."""
        self.crowd[0] += 1
        self.answer()
        self.crowd[0] -= 1

    def shown(self, tenant: str) -> str:
        """Look for others."""
        try:
            self.meeting.wait(0.02)
        except threading.BrokenBarrierError:
            self.meeting.reset()
        return "nobody" if self.crowd[0] > 3 else tenant


@pytest.mark.parametrize(
    ("server", "verdict"), [(Overwritten, "inconclusive"), (LosesRowsInACrowd, "fail")]
)
def test_rows_that_are_gone_for_good_accuse_nobody(
    tmp_path: Path, server: type[Notes], verdict: str
) -> None:
    Overwritten.reads.clear()
    with serving(server) as url:
        found = judge(tmp_path, f"--target={url}", RLS_08, profile=ROOMY)
    assert found.verdicts == {"RLS-08": verdict}, found.output
    if verdict == "inconclusive":
        assert "tenant-a alone finds its own canary" in str(found.lines)
