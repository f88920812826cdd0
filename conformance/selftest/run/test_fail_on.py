"""Which violations fail a run, and which are advice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.model import Basis, Impact
from conformance.model.impact import fails_a_run
from conformance.selftest.judging import PROFILE, Judged, judge
from conformance.selftest.targets import TellsUnknownKeys, serving

if TYPE_CHECKING:
    from pathlib import Path

VIOLATION, USAGE = 1, 4


def judged(folder: Path, *words: str, is_rendered: bool = False) -> Judged:
    """Judge a target that violates AUTH-03, which is of high impact."""
    with serving(TellsUnknownKeys) as url:
        words = (f"--target={url}", "--requirement=AUTH-01,AUTH-03", *words)
        return judge(folder, *words, profile=PROFILE, is_rendered=is_rendered)


@pytest.mark.parametrize("words", [(), ("--fail-on=high",), ("--fail-on=low",)])
def test_a_violation_at_the_level_or_above_it_fails_the_run(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    found = judged(tmp_path, *words)
    assert found.code == VIOLATION
    assert "FAIL AUTH-03 expected" in found.output
    assert "; impact: high; to do: " in found.output


def test_a_violation_below_the_level_is_advice(tmp_path: Path) -> None:
    found = judged(tmp_path, "--fail-on=critical", is_rendered=True)
    assert found.code == 0
    assert found.verdicts == {"AUTH-01": "pass", "AUTH-03": "fail"}
    assert "ADVICE AUTH-03 expected" in found.output
    line = next(line for line in found.lines if line.get("id") == "AUTH-03")
    assert line["gates"] is False
    assert "piece of advice" in (found.folder / "summary.md").read_text("utf-8")


def test_a_level_that_there_is_not_is_refused(tmp_path: Path) -> None:
    found = judged(tmp_path, "--fail-on=grave")
    assert found.code == USAGE
    assert "--fail-on=grave: no such level; there are critical, high, medium, low" in found.output


@pytest.mark.parametrize(
    ("impact", "basis", "least", "fails"),
    [
        (Impact.LOW, Basis.HARDENING, None, False),
        (Impact.LOW, Basis.STANDARD, None, True),
        (Impact.MEDIUM, Basis.HARDENING, None, True),
        (Impact.LOW, None, None, True),
        (Impact.LOW, Basis.HARDENING, Impact.LOW, True),
        (Impact.LOW, Basis.STANDARD, Impact.MEDIUM, False),
        (Impact.CRITICAL, Basis.HARDENING, Impact.CRITICAL, True),
    ],
)
def test_without_a_level_all_but_hardening_of_low_impact_counts(
    impact: Impact, basis: Basis | None, least: Impact | None, *, fails: bool
) -> None:
    assert fails_a_run(impact, basis, least) is fails
