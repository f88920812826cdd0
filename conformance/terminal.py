"""The end of a run on the terminal: one table, then each failure in two lines."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from conformance.model import Channel, Finding, Requirement, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from conformance.session import JudgeSession

_LETTERS = {
    Verdict.PASS: (".", {"green": True}),
    Verdict.FAIL: ("F", {"red": True, "bold": True}),
    Verdict.INCONCLUSIVE: ("?", {"yellow": True}),
    Verdict.NOT_ASSESSED: ("-", {"cyan": True}),
}
_LINE = 300
_TO_DO = 240
_SENTENCE = re.compile(r"(?<=\.) (?=[A-Z])")


def letter(verdict: Verdict) -> tuple[str, dict[str, bool]]:
    """Return the progress letter of a verdict, and its colours."""
    return _LETTERS[verdict]


def first_step(entry: Requirement) -> str:
    """Return what to do first where a requirement fails; nothing if that is too long for a line."""
    first = _SENTENCE.split(entry.remedy, maxsplit=1)[0]
    return first if len(first) <= _TO_DO else ""


def write_summary(
    reporter: pytest.TerminalReporter,
    session: JudgeSession,
    findings: list[Finding],
    report: Path,
) -> None:
    """Write failures, what is undecided, what went unseen, and the table last."""
    _undecided(reporter, [one for one in findings if one.verdict is Verdict.INCONCLUSIVE])
    _unseen(reporter, [one for one in findings if one.verdict is Verdict.NOT_ASSESSED])
    _table(reporter, session, findings)
    for finding in findings:
        if finding.verdict is Verdict.FAIL:
            _failure(reporter, finding)
    reporter.write_line(f"report: {report}")


def _failure(reporter: pytest.TerminalReporter, finding: Finding) -> None:
    deciding = finding.deciding
    title = f"FAIL {finding.requirement.id}"
    expected = deciding.expected if deciding else finding.requirement.clause
    seen = deciding.seen if deciding else ""
    step = first_step(finding.requirement)
    to_do = f"; to do: {_flat(step)}" if step else ""
    reporter.write_line(
        f"{title} expected: {_flat(expected)}; seen: {_flat(seen)}{to_do}", red=True
    )
    reporter.write_line(f"  again: {finding.rerun}")


def _undecided(reporter: pytest.TerminalReporter, findings: list[Finding]) -> None:
    for finding in findings:
        reason = finding.deciding.reason if finding.deciding else ""
        reporter.write_line(f"INCONCLUSIVE {finding.requirement.id} {_flat(reason)}", yellow=True)


def _unseen(reporter: pytest.TerminalReporter, findings: list[Finding]) -> None:
    by_reason: dict[str, list[str]] = {}
    for finding in findings:
        for reason in _remedies(finding):
            by_reason.setdefault(_flat(reason), []).append(finding.requirement.id)
    for reason, ids in by_reason.items():
        reporter.write_line(f"NOT ASSESSED, for want of {reason}: {', '.join(ids)}", cyan=True)


def _remedies(finding: Finding) -> list[str]:
    missing = {name for check in finding.checks for name in check.missing}
    if missing:
        return [channel.supplied_by for channel in Channel if channel.value in missing]
    return [finding.deciding.reason if finding.deciding else ""]


def _table(
    reporter: pytest.TerminalReporter, session: JudgeSession, findings: list[Finding]
) -> None:
    reporter.section(f"{_flat(session.target.target.name)} · {_flat(session.target.url)}")
    heads = [verdict.value for verdict in Verdict]
    reporter.write_line(f"{'area':<8}" + "".join(f"{head:>14}" for head in heads))
    areas: dict[str, Counter[Verdict]] = {}
    for finding in findings:
        areas.setdefault(finding.requirement.area, Counter())[finding.verdict] += 1
    for area, counts in areas.items():
        reporter.write_line(f"{area:<8}" + "".join(f"{counts[v] or '·':>14}" for v in Verdict))
    total = Counter(finding.verdict for finding in findings)
    reporter.write_line(f"{'total':<8}" + "".join(f"{total[v]:>14}" for v in Verdict), bold=True)


def _flat(text: str) -> str:
    """Return the text on one line, bounded, with nothing a terminal would obey."""
    shown = "".join(
        " " if letter.isspace() else letter
        for letter in text
        if letter.isspace() or unicodedata.category(letter)[0] != "C"
    )
    shown = " ".join(shown.split())
    return shown if len(shown) <= _LINE else f"{shown[:_LINE]}…"
