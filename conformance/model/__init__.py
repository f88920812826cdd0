"""The words of the judge: requirements, channels, verdicts, findings. Standard library only."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from conformance.model.channels import STARTING, Channel
from conformance.model.impact import Basis, Impact, Weight, fails_a_run, names_a_section

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = [
    "RECORD",
    "STARTING",
    "UNDECIDED",
    "USAGE",
    "VIOLATION",
    "Basis",
    "Channel",
    "Check",
    "CheckResult",
    "Evidence",
    "Finding",
    "Impact",
    "Known",
    "Requirement",
    "Role",
    "Severity",
    "Standing",
    "Verdict",
    "Weight",
    "decided",
]

RECORD = "run.jsonl"
"""The file of a run's record, in the folder of its report."""
VIOLATION, USAGE, UNDECIDED = 1, 4, 6
"""Exit codes of a run that is not clean."""
_MOST_EVIDENCE = 12
"""Pieces of evidence that a finding shows."""
LEFT_BEHIND = "left at the target, for somebody to remove"
"""The title of a note on what a check could not take away again; it is shown before all else."""
_ID = re.compile(r"[A-Z][A-Z0-9]*-\d{2}(-[a-z])?")


class Verdict(StrEnum):
    """What the evidence says of one requirement, gravest last in no sense: see ``combine``."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_ASSESSED = "not assessed"

    @staticmethod
    def combine(verdicts: list[Verdict]) -> Verdict:
        """Return the verdict on a requirement from those of its checks.

        One violation decides. A requirement of which a part went unseen is never green.
        """
        for gravest in (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.NOT_ASSESSED):
            if gravest in verdicts:
                return gravest
        return Verdict.PASS if verdicts else Verdict.NOT_ASSESSED


class Severity(StrEnum):
    """The clause's own keyword, never our taste."""

    MUST = "MUST"
    SHOULD = "SHOULD"


@dataclass(frozen=True)
class Requirement:
    """One clause of the catalogue.

    ``id`` is stable for ever; ``remedy`` tells an engineer what to change in a server that fails,
    with code between backticks; ``alone`` marks a check that must have the target to itself,
    because it moves the clock or exhausts a limit that other checks share; ``heeds_limits``, that
    it is the clock alone, so that a limit which it meets is an accident. ``crosses_tenants``: a
    violation shows or changes what is another tenant's. ``rotates``: its checks
    may rotate the keys of the tenant that is there for that. ``starts_programs``: not all of its
    checks start further programs, but one does. ``costly``: it brings a limit down, fuzzes or
    starts official clients, which takes most of the time on a server that passes it. ``lesser`` is
    what a violation weighs that only some of the checks have found.
    """

    id: str
    title: str
    clause: str
    remedy: str
    source: str
    severity: Severity
    impact: Impact
    impact_reason: str
    basis: Basis
    area: str
    area_title: str
    needs: tuple[Channel, ...]
    references: tuple[str, ...] = ()
    crosses_tenants: bool = False
    alone: bool = False
    heeds_limits: bool = False
    rotates: bool = False
    starts_programs: bool = False
    costly: bool = False
    lesser: tuple[Weight, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an entry that could not be cited."""
        if not _ID.fullmatch(self.id) or not self.id.startswith(f"{self.area}-"):
            raise ValueError(f"{self.id}: not an id of area {self.area}")
        for name in ("title", "clause", "remedy", "source", "impact_reason"):
            if not getattr(self, name).strip():
                raise ValueError(f"{self.id}: {name} is empty")
        if self.basis is Basis.STANDARD and not any(map(names_a_section, self.references)):
            raise ValueError(f"{self.id}: stands on a standard, and its references name no section")

    def weighed(self, failed: Collection[str]) -> Weight:
        """Return what a violation weighs, by the names of the checks that failed: the gravest."""
        own = Weight(self.impact, self.impact_reason, self.basis)
        names = {name.partition("[")[0] for name in failed}
        lesser = [weight for weight in self.lesser if names.intersection(weight.checks)]
        if not lesser or names.difference(*(weight.checks for weight in lesser)):
            return own
        return min(lesser, key=lambda weight: weight.impact.rank)


@dataclass(frozen=True)
class CheckResult:
    """What one check found. ``expected`` and ``seen`` are empty unless it failed.

    ``applies`` False tells that the profile says so of this check, and not of its requirement.
    """

    name: str
    verdict: Verdict
    reason: str = ""
    expected: str = ""
    seen: str = ""
    seconds: float = 0.0
    missing: tuple[str, ...] = ()
    evidence: tuple[dict[str, str], ...] = ()
    sent: dict[str, int] = field(default_factory=dict[str, int])
    applies: bool = True


class Standing(StrEnum):
    """How a verdict stands to a failure that the profile knows of."""

    EXPECTED = "expected"
    UNDECIDED = "undecided"
    PASSED = "unexpected pass"
    PAST = "past its date"

    @classmethod
    def of(cls, verdict: Verdict, *, is_past: bool) -> Standing:
        """Return how a verdict stands to a known failure whose last day has passed, or not."""
        if verdict is Verdict.PASS:
            return cls.PASSED
        if is_past:
            return cls.PAST
        return cls.EXPECTED if verdict is Verdict.FAIL else cls.UNDECIDED

    @property
    def fails_the_run(self) -> bool:
        """Whether the profile must be changed before a run can end well."""
        return self in {Standing.PASSED, Standing.PAST}


@dataclass(frozen=True)
class Known:
    """What the profile knows of a failure, and how the verdict stands to that.

    ``until`` is the last day on which the failure does not fail the run, as year-month-day.
    """

    reason: str
    until: str
    standing: Standing


class Role(StrEnum):
    """What an exchange is for in its check."""

    CONTROL = "control"
    ATTEMPT = "attempt"
    DECISIVE = "decisive attempt"


@dataclass(frozen=True)
class Evidence:
    """One piece of evidence; ``kind`` is ``exchange`` for a request and what came back.

    ``role`` is a ``Role`` for an exchange, and empty for all else and in older records.
    """

    kind: str
    title: str
    text: str
    role: str = ""

    @property
    def heading(self) -> str:
        """The title, with the role where there is one."""
        return f"{self.title} ({self.role})" if self.role else self.title


@dataclass(frozen=True)
class Check:
    """The verdict of one check of a requirement."""

    name: str
    verdict: Verdict
    reason: str


def decided(results: Sequence[CheckResult]) -> Verdict:
    """Return a requirement's verdict; checks that do not apply count where none does."""
    applying = [one.verdict for one in results if one.applies]
    return Verdict.combine(applying or [one.verdict for one in results])


@dataclass(frozen=True)
class Finding:
    """The verdict on one requirement, with what it rests on: one line of the run record.

    ``missing`` names the channels it lacked, ``sent`` what requests it took, by their kind.
    ``known`` is there where the profile knows that the requirement fails.
    ``remedy`` and ``impact_reason`` are empty, and ``basis`` is None, in records of judges that did
    not write them yet. ``gates`` tells whether a violation fails the run, or is advice.
    """

    id: str
    verdict: Verdict
    title: str
    clause: str
    remedy: str
    source: str
    area: str
    area_title: str
    severity: Severity
    reason: str
    expected: str
    seen: str
    evidence: tuple[Evidence, ...]
    seconds: float
    needs: tuple[str, ...]
    missing: tuple[str, ...]
    references: tuple[str, ...]
    checks: tuple[Check, ...]
    rerun: str
    impact: Impact
    impact_reason: str = ""
    basis: Basis | None = None
    crosses_tenants: bool = False
    gates: bool = True
    known: Known | None = None
    sent: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(
        cls,
        requirement: Requirement,
        results: tuple[CheckResult, ...],
        rerun: str = "",
        known: Known | None = None,
        fail_on: Impact | None = None,
    ) -> Finding:
        """Return the finding that the results of a requirement's checks amount to.

        ``fail_on`` is the least impact that fails the run, if the run was given one.
        The first check whose verdict is the requirement's explains it; its evidence comes first.
        """
        verdict = decided(results)
        minor = {name for weight in requirement.lesser for name in weight.checks}
        ordered = sorted(
            results,
            key=lambda one: (one.verdict is not verdict, one.name.partition("[")[0] in minor),
        )
        deciding = ordered[0] if ordered else CheckResult("", verdict)
        failed = [result.name for result in results if result.verdict is Verdict.FAIL]
        weight = requirement.weighed(failed)
        evidence = [Evidence(**item) for result in ordered for item in result.evidence]
        evidence.sort(key=lambda one: one.title != LEFT_BEHIND)
        return cls(
            id=requirement.id,
            verdict=verdict,
            title=requirement.title,
            clause=requirement.clause,
            remedy=requirement.remedy,
            source=requirement.source,
            area=requirement.area,
            area_title=requirement.area_title,
            severity=requirement.severity,
            reason=deciding.reason,
            expected=deciding.expected,
            seen=deciding.seen,
            evidence=tuple(evidence[:_MOST_EVIDENCE]),
            seconds=round(sum(result.seconds for result in results), 4),
            needs=tuple(need.value for need in requirement.needs),
            missing=tuple(sorted({channel for result in results for channel in result.missing})),
            references=requirement.references,
            checks=tuple(Check(one.name, one.verdict, one.reason) for one in results),
            rerun=rerun,
            impact=weight.impact,
            impact_reason=weight.impact_reason,
            basis=weight.basis,
            crosses_tenants=requirement.crosses_tenants,
            gates=fails_a_run(weight.impact, weight.basis, fail_on),
            known=known,
            sent=tuple(sum((Counter(result.sent) for result in results), Counter[str]()).items()),
        )

    @property
    def is_known_failure(self) -> bool:
        """Whether this is a failure that the profile knows of, which fails no run."""
        return self.known is not None and self.known.standing is Standing.EXPECTED

    @property
    def is_unexpected_pass(self) -> bool:
        """Whether this passes against what the profile knows, which fails the run."""
        return self.known is not None and self.known.standing is Standing.PASSED

    @property
    def fails_the_run(self) -> bool:
        """Whether this alone makes the run end as one with a violation."""
        if self.known is None:
            return self.verdict is Verdict.FAIL and self.gates
        return self.known.standing.fails_the_run

    @property
    def is_advice(self) -> bool:
        """Whether this is a failure that is told and fails no run: its impact is too low."""
        return self.verdict is Verdict.FAIL and self.known is None and not self.gates

    @property
    def failed_checks(self) -> tuple[str, ...]:
        """The names of the checks that failed."""
        return tuple(one.name for one in self.checks if one.verdict is Verdict.FAIL)

    @property
    def gravity(self) -> tuple[int, bool]:
        """What findings are sorted by: the gravest first, and what crosses tenants before it."""
        return self.impact.rank, not self.crosses_tenants
