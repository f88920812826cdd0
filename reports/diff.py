"""What changed from one run to another, requirement by requirement.

Only what both runs saw can be compared. A requirement is called fixed when the second run passed
it, never because it is silent about it; what the first run saw and the second did not is a loss of
its own, and named as one. A pass counts as seen only if the run came to its end and, where one
version of the judge made both runs, no check of the first one is missing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from conformance.model import RECORD, Verdict
from conformance.record import reading
from reports.answer import trusted
from reports.identity import target_key

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.model import Finding
    from conformance.record.run import Run

_WORSE, _UNSEEN = 1, 6
_SEEN = frozenset({Verdict.PASS, Verdict.FAIL})


class Change(StrEnum):
    """What became of one requirement, the gravest first; the text is a heading."""

    NEWLY_FAILS = "newly fails"
    UNSEEN_NOW = "seen before, unseen now"
    FAILS_STILL = "fails as before"
    FIXED = "fixed"
    SEEN_NOW = "seen for the first time, and passes"
    UNSEEN_STILL = "unseen, as before"
    PASSES_STILL = "passes as before"


@dataclass(frozen=True)
class Step:
    """One requirement in both runs; None in the run whose record does not hold it.

    ``was`` and ``now`` are the verdicts as far as each run can be trusted with them; ``doubt`` says
    why the second is not what its record says, and is empty where it is. ``newly`` names the checks
    that fail now and passed before, of a requirement that failed before as well.
    """

    id: str
    before: Finding | None
    after: Finding | None
    was: Verdict | None
    now: Verdict | None
    doubt: str
    change: Change
    newly: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The requirement's title, the newer one if there are two."""
        found = self.after or self.before
        return found.title if found else ""

    @property
    def altered(self) -> tuple[str, ...]:
        """What the catalogue says otherwise than before: title, clause or severity."""
        before, after = self.before, self.after
        if before is None or after is None:
            return ()
        names = ("title", "clause", "severity")
        return tuple(name for name in names if getattr(before, name) != getattr(after, name))


@dataclass(frozen=True)
class Difference:
    """All requirements of two runs."""

    before: Run
    after: Run
    steps: tuple[Step, ...]

    @property
    def is_of_one_target(self) -> bool:
        """Whether both runs judged the same target, as far as name and address tell."""
        return target_key(self.before.header) == target_key(self.after.header)

    @property
    def counts(self) -> Counter[Change]:
        """How many requirements underwent each change."""
        return Counter(step.change for step in self.steps)

    @property
    def exit_code(self) -> int:
        """1 if something newly fails, else 6 if something seen is unseen now, else 0."""
        if self.counts[Change.NEWLY_FAILS]:
            return _WORSE
        return _UNSEEN if self.counts[Change.UNSEEN_NOW] else 0

    def having(self, change: Change) -> tuple[Step, ...]:
        """Return the requirements that underwent this change."""
        return tuple(step for step in self.steps if step.change is change)


def load(path: Path) -> Run:
    """Read a record, or that of a report folder. Raises a RecordError like ``reading.load``."""
    return reading.load(path / RECORD if path.is_dir() else path)


def compare(before: Run, after: Run) -> Difference:
    """Compare two runs. Requirements come in the order of the second run, then of the first."""
    was = {finding.id: finding for finding in before.findings}
    now = {finding.id: finding for finding in after.findings}
    steps = (
        _step(before, after, was.get(identifier), now.get(identifier))
        for identifier in dict.fromkeys([*now, *was])
    )
    return Difference(before, after, tuple(steps))


def _step(before: Run, after: Run, old: Finding | None, new: Finding | None) -> Step:
    first = trusted(before, old) if old else None
    second = trusted(after, new) if new else None
    doubt = "in a run that was cut short" if new and second is not new.verdict else ""
    if second is Verdict.PASS and _judge(before) == _judge(after) and _lacks_checks(old, new):
        second, doubt = Verdict.INCONCLUSIVE, "without a check that was made before"
    identifier = new.id if new else old.id if old else ""
    change = _change(first, second)
    newly = _newly_failing(old, new) if change is Change.FAILS_STILL else ()
    change = Change.NEWLY_FAILS if newly else change
    return Step(identifier, old, new, first, second, doubt, change, newly)


def _newly_failing(old: Finding | None, new: Finding | None) -> tuple[str, ...]:
    if old is None or new is None:
        return ()
    passed = {check.name for check in old.checks if check.verdict is Verdict.PASS}
    return tuple(name for name in new.failed_checks if name in passed)


def _change(was: Verdict | None, now: Verdict | None) -> Change:
    if now is Verdict.FAIL:
        return Change.FAILS_STILL if was is Verdict.FAIL else Change.NEWLY_FAILS
    if now is Verdict.PASS:
        if was is Verdict.FAIL:
            return Change.FIXED
        return Change.PASSES_STILL if was is Verdict.PASS else Change.SEEN_NOW
    return Change.UNSEEN_NOW if was in _SEEN else Change.UNSEEN_STILL


def _judge(run: Run) -> str | None:
    return dict(run.header.tools).get("hallmark")


def _lacks_checks(old: Finding | None, new: Finding | None) -> bool:
    if old is None or new is None:
        return False
    return bool({check.name for check in old.checks} - {check.name for check in new.checks})
