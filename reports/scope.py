"""Of which requirements a run may speak where silence reads as repair.

Code scanning keeps alerts by category and closes each one whose result is missing from the next
upload of its category; it knows no word for *was not looked at*. So a run says something of an area
only where each requirement of that area was decided or could not be assessed at all, and names in
the category which ones were decided, and by which checks. Whatever else a run decides (a profile
with fewer channels, ``--requirement``, a path to one check, a version with other requirements)
belongs to another category, and closes nothing in this one.

*Inconclusive* is what the next run may decide, so it holds its area back instead of moving it to a
category of its own, where an alert would stay open after its repair. *Not assessed* is a property
of the profile, the same on each run.

A run that was cut short says nothing: even a pass of it may lack a check.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.model import Verdict
from reports.answer import Outcome, decide
from reports.identity import digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.run import Finding, Run

# What code scanning takes in one file; with more it would refuse them all.
MOST_AREAS = 20
_DECIDED = frozenset({Verdict.PASS, Verdict.FAIL})
_WHY = "code scanning would close, as repaired, each alert that a file leaves out"


@dataclass(frozen=True)
class Told:
    """An area that may be spoken of: what was decided in it, and what could not be assessed."""

    area: str
    decided: tuple[Finding, ...]
    unassessed: tuple[Finding, ...]

    @property
    def key(self) -> str:
        """Tells one set of decided requirements, and of checks that decided them, from another."""
        return digest(
            self.area,
            *(
                part
                for finding in sorted(self.decided, key=lambda one: one.id)
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
        if reason := _obstacle(findings):
            withheld.setdefault(reason, []).append(area)
        elif len(told) == MOST_AREAS:
            withheld.setdefault(f"a file takes {MOST_AREAS} areas", []).append(area)
        else:
            told.append(Told(area, *_split(findings)))
    reasons = (Withheld(tuple(areas), reason) for reason, areas in withheld.items())
    return Scope(tuple(told), tuple(reasons))


def _obstacle(findings: tuple[Finding, ...]) -> str:
    undecided = [one.id for one in findings if one.verdict is Verdict.INCONCLUSIVE]
    if len(undecided) == len(findings):
        return "all of it is inconclusive"
    if undecided:
        return f"{', '.join(undecided)} {'is' if len(undecided) == 1 else 'are'} inconclusive"
    if not any(one.verdict in _DECIDED for one in findings):
        return "nothing of it was assessed"
    return ""


def _split(findings: tuple[Finding, ...]) -> Iterator[tuple[Finding, ...]]:
    yield tuple(one for one in findings if one.verdict in _DECIDED)
    yield tuple(one for one in findings if one.verdict not in _DECIDED)


def _clause(withheld: Withheld) -> str:
    areas = ", ".join(withheld.areas)
    return f"{areas} ({withheld.reason})" if areas else withheld.reason
