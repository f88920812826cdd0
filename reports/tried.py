"""What a run tried: the requests it sent, the channels it had, and what stays unseen.

A page without a violation says as much as was tried, so the page says how much that is.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.model import Verdict
from conformance.model.sent import ELSEWHERE, ENDPOINT, Sent
from reports.answer import plural

if TYPE_CHECKING:
    from conformance.model import Finding
    from conformance.record.run import Run

_LABELS = {ENDPOINT: "MCP endpoint", ELSEWHERE: "other paths"}
MOST_KINDS = 40
"""Rows that are shown; a record of anybody's may hold more."""
_DECIDED = frozenset({Verdict.PASS, Verdict.FAIL})


@dataclass(frozen=True)
class Method:
    """Requests of one method to one route, with what they presented."""

    name: str
    right: int
    wrong: int


@dataclass(frozen=True)
class Route:
    """A route, and the methods that were tried on it, the most frequent first."""

    name: str
    methods: tuple[Method, ...]

    @property
    def label(self) -> str:
        """The route in words."""
        return _LABELS.get(self.name, self.name.replace("_", " "))


@dataclass(frozen=True)
class Absent:
    """A channel that was not there, with the findings that lack it."""

    name: str
    findings: tuple[Finding, ...]

    @property
    def unseen(self) -> str:
        """Say what stays unseen."""
        whole = [one for one in self.findings if one.verdict is Verdict.NOT_ASSESSED]
        areas = ", ".join(dict.fromkeys(one.area for one in self.findings))
        partly = len(self.findings) - len(whole)
        words = [plural(len(whole), "requirement")] if whole else []
        words += [f"{partly} more in part" if whole else f"{partly} in part"] if partly else []
        return f"{', '.join(words)}: {areas}"


@dataclass(frozen=True)
class Tried:
    """What was tried: ``left_out`` are kinds of requests that are not shown."""

    routes: tuple[Route, ...]
    used: tuple[str, ...]
    absent: tuple[Absent, ...]
    right: int
    wrong: int
    left_out: int

    @property
    def sentence(self) -> str:
        """Say how much was sent."""
        if not self.right + self.wrong:
            return "The record tells of no request."
        asked = plural(self.right + self.wrong, "request was sent", "requests were sent")
        return f"{asked}, {self.wrong or 'none'} of them without a right credential."


def tried(run: Run) -> Tried:
    """Return what a run tried, by its own account."""
    sent: Counter[str] = sum((Counter(dict(one.sent)) for one in run.findings), Counter[str]())
    kinds: dict[tuple[str, str], Counter[bool]] = {}
    for text, count in sent.items():
        kind = Sent.parse(text)
        kinds.setdefault((kind.route, kind.method), Counter())[kind.fails] += count
    ordered = sorted(kinds.items(), key=lambda pair: (_place(pair[0][0]), -pair[1].total()))
    grouped: dict[str, list[Method]] = {}
    for (route, method), counts in ordered[:MOST_KINDS]:
        grouped.setdefault(route, []).append(Method(method, counts[False], counts[True]))
    wrong = sum(counts[True] for counts in kinds.values())
    absent = _absent(run)
    return Tried(
        routes=tuple(Route(name, tuple(methods)) for name, methods in grouped.items()),
        used=_used(run, {one.name for one in absent}),
        absent=absent,
        right=sent.total() - wrong,
        wrong=wrong,
        left_out=len(ordered[MOST_KINDS:]),
    )


def _place(route: str) -> tuple[bool, bool, str]:
    """Sort the endpoint before all routes of a profile, and what has no name after them."""
    return route != ENDPOINT, route == ELSEWHERE, route


def _used(run: Run, absent: set[str]) -> tuple[str, ...]:
    needs = (need for one in run.findings if one.verdict in _DECIDED for need in one.needs)
    return tuple(name for name in dict.fromkeys(needs) if name not in absent)


def _absent(run: Run) -> tuple[Absent, ...]:
    grouped: dict[str, list[Finding]] = {}
    for finding in run.findings:
        for name in finding.missing:
            grouped.setdefault(name, []).append(finding)
    found = (Absent(name, tuple(findings)) for name, findings in grouped.items())
    return tuple(sorted(found, key=lambda one: -len(one.findings)))
