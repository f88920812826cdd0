"""Of which requirements a run may speak where silence reads as repair.

Code scanning keeps alerts by category and closes each one whose result is missing from the next
upload of its category; it knows no word for *was not looked at*. So a run speaks of an area only if
something of it was decided. It then names each requirement that it tried: what failed, and what
stayed inconclusive, lest silence close an alert on it. And the category says which requirements
were tried, by which checks. Whatever else a run tries (a profile with fewer channels,
``--requirement``, a path to one check, a version with other requirements) belongs to another
category, and closes nothing in this one.

*Inconclusive* cannot move its area to another category, as *not assessed* does: it often is what a
violation leads to, decided once that is repaired, and then the alert would stay open where it was.
*Not assessed* is a property of the profile, the same on each run.

A run that was cut short says nothing: even a pass of it may lack a check.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.model import Verdict
from reports.answer import Outcome, decide
from reports.identity import digest

if TYPE_CHECKING:
    from conformance.model import Finding
    from conformance.record.run import Run

# What code scanning takes in one file; with more it would refuse them all.
MOST_AREAS = 20
_DECIDED = frozenset({Verdict.PASS, Verdict.FAIL})
_WHY = "code scanning would close, as repaired, each alert that a file leaves out"


@dataclass(frozen=True)
class Told:
    """An area that may be spoken of: what was tried in it, and what could not be assessed."""

    area: str
    tried: tuple[Finding, ...]
    unassessed: tuple[Finding, ...]

    @property
    def key(self) -> str:
        """Tells one set of tried requirements, and of checks that tried them, from another."""
        return digest(
            self.area,
            *(
                part
                for finding in sorted(self.tried, key=lambda one: one.id)
                for part in (finding.id, *sorted(check.name for check in finding.checks), "")
            ),
        )


@dataclass(frozen=True)
class Withheld:
    """Areas of which nothing is said, and why."""

    areas: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Scope:
    """What may be said of a run, area by area. ``withheld`` is empty if all of it may."""

    told: tuple[Told, ...]
    withheld: tuple[Withheld, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """Say what ``results.sarif`` leaves out, and why; nothing if it leaves nothing out."""
        if not self.withheld:
            return ()
        reasons = "; ".join(_clause(one) for one in self.withheld)
        what = "leaves something out" if self.told else "is not written"
        return (f"results.sarif {what}: {reasons}.", f"For {_WHY}.")


def scope(run: Run) -> Scope:
    """Return what may be said of a run where silence reads as repair."""
    if decide(run) is Outcome.INCOMPLETE:
        return Scope((), (Withheld((), "the run is incomplete"),))
    if not run.findings:
        return Scope((), (Withheld((), "the run holds no finding"),))
    told: list[Told] = []
    withheld: dict[str, list[str]] = {}
    for area, findings in run.areas.items():
        if not any(one.verdict in _DECIDED for one in findings):
            withheld.setdefault("nothing of it was decided", []).append(area)
        elif len(told) == MOST_AREAS:
            withheld.setdefault(f"a file takes {MOST_AREAS} areas", []).append(area)
        else:
            told.append(_told(area, findings))
    reasons = (Withheld(tuple(areas), reason) for reason, areas in withheld.items())
    return Scope(tuple(told), tuple(reasons))


def _told(area: str, findings: tuple[Finding, ...]) -> Told:
    tried = tuple(one for one in findings if one.verdict is not Verdict.NOT_ASSESSED)
    unassessed = tuple(one for one in findings if one.verdict is Verdict.NOT_ASSESSED)
    return Told(area, tried, unassessed)


def _clause(withheld: Withheld) -> str:
    areas = ", ".join(withheld.areas)
    return f"{areas} ({withheld.reason})" if areas else withheld.reason
