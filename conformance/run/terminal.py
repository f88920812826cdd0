"""The end of a run on the terminal: one table, then each failure in two lines."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from conformance.model import LEFT_BEHIND, Finding, Standing, Verdict
from conformance.model.supplying import steps
from conformance.text.plain import flat

if TYPE_CHECKING:
    import pytest

    from conformance.run.session import JudgeSession

_COLOURS = {
    Verdict.PASS: {"green": True},
    Verdict.FAIL: {"red": True, "bold": True},
    Verdict.INCONCLUSIVE: {"yellow": True},
    Verdict.NOT_ASSESSED: {"cyan": True},
}
_TO_DO = 240
_SENTENCE = re.compile(r"(?<=\.) (?=[A-Z])")


def colours(verdict: Verdict) -> dict[str, bool]:
    """Return how the terminal is to show a verdict."""
    return _COLOURS[verdict]


def first_step(remedy: str) -> str:
    """Return what to do first where a requirement fails; nothing if that is too long for a line."""
    first = _SENTENCE.split(remedy, maxsplit=1)[0]
    return first if len(first) <= _TO_DO else ""


def drop_closing_line(reporter: pytest.TerminalReporter) -> None:
    """Keep pytest from its own closing line, which would count checks, not verdicts."""
    setattr(reporter, "summary_stats", lambda: None)  # noqa: B010 -- typed as a method


def write_summary(
    reporter: pytest.TerminalReporter,
    session: JudgeSession,
    findings: list[Finding],
) -> None:
    """Write failures, what is undecided, what went unseen, and the table last."""
    _undecided(reporter, [one for one in findings if one.verdict is Verdict.INCONCLUSIVE])
    _unseen(reporter, [one for one in findings if one.verdict is Verdict.NOT_ASSESSED])
    _table(reporter, session, findings)
    for finding in findings:
        _known(reporter, finding)
        _left(reporter, finding)
    failed = [one for one in findings if one.verdict is Verdict.FAIL]
    for finding in sorted(failed, key=lambda one: (not one.fails_the_run, one.gravity)):
        if finding.fails_the_run or finding.is_advice:
            _failure(reporter, finding)


def _left(reporter: pytest.TerminalReporter, finding: Finding) -> None:
    """Say what the checks of a requirement could not take away again."""
    for piece in finding.evidence:
        if piece.title == LEFT_BEHIND:
            reporter.write_line(f"LEFT by {finding.id}: {flat(piece.text)}", yellow=True)


def _failure(reporter: pytest.TerminalReporter, finding: Finding) -> None:
    advice = finding.is_advice
    title = f"{'ADVICE' if advice else 'FAIL'} {finding.id}"
    expected = flat(finding.expected)
    seen = flat(finding.reason)  # the sentence; the record has the values behind it
    step = first_step(finding.remedy)
    to_do = f"; to do: {flat(step)}" if step else ""
    more = f"; {_others(finding)}" if len(finding.failed_checks) > 1 else ""
    reporter.write_line(
        f"{title} expected: {expected}; seen: {seen}{more}; impact: {finding.impact.value}{to_do}",
        red=not advice,
        yellow=advice,
    )
    reporter.write_line(f"  again: {finding.rerun}")


def _others(finding: Finding) -> str:
    """Count the checks that failed besides the first, whose sentence is shown."""
    count = len(finding.failed_checks) - 1
    return f"{count} more of its {len(finding.checks)} checks failed"


def _known(reporter: pytest.TerminalReporter, finding: Finding) -> None:
    """Say how a verdict stands to a failure that the profile knows of."""
    if finding.known is None:
        return
    name, until = finding.id, finding.known.until
    sentence = {
        Standing.EXPECTED: f"KNOWN FAILURE {name} until {until}: {flat(finding.known.reason)}",
        Standing.UNDECIDED: f"KNOWN FAILURE {name} until {until}: not seen to fail this time",
        Standing.PASSED: (
            f"UNEXPECTED PASS {name}: the profile knows it as a failure; "
            f"remove its entry under [known_failures]"
        ),
        Standing.PAST: (
            f"KNOWN FAILURE {name}: its last day, {until}, has passed; mend it, or give a later day"
        ),
    }[finding.known.standing]
    fails = finding.fails_the_run
    reporter.write_line(sentence, red=fails, yellow=not fails)


def _undecided(reporter: pytest.TerminalReporter, findings: list[Finding]) -> None:
    for finding in findings:
        reporter.write_line(f"INCONCLUSIVE {finding.id} {flat(finding.reason)}", yellow=True)


def _unseen(reporter: pytest.TerminalReporter, findings: list[Finding]) -> None:
    by_reason: dict[str, list[str]] = {}
    for finding in findings:
        if not finding.missing:
            by_reason.setdefault(flat(finding.reason), []).append(finding.id)
    for reason, ids in by_reason.items():
        reporter.write_line(f"NOT ASSESSED, {reason}: {', '.join(ids)}", cyan=True)
    found = steps({finding.id: finding.missing for finding in findings})
    if found:
        count = sum(len(step.ids) for step in found)
        head = f"NOT ASSESSED: {count}. Best first, each with those before:"
        reporter.write_line(head, cyan=True)
    for step in found:
        reporter.write_line(f"  {flat(step.to_do)}: {step.gain}", cyan=True)
    if in_part := ", ".join(map(_seen_of, filter(_passed_of, findings))):
        reporter.write_line(f"Of these, passed as far as seen: {in_part}", cyan=True)


def _passed_of(finding: Finding) -> int:
    """Count the checks of a finding that passed."""
    return sum(check.verdict is Verdict.PASS for check in finding.checks)


def _seen_of(finding: Finding) -> str:
    return f"{finding.id} ({_passed_of(finding)} of {len(finding.checks)} checks)"


def _table(
    reporter: pytest.TerminalReporter, session: JudgeSession, findings: list[Finding]
) -> None:
    reporter.section(f"{flat(session.target.target.name)} · {flat(session.target.url)}")
    heads = [verdict.value for verdict in Verdict]
    reporter.write_line(f"{'area':<8}" + "".join(f"{head:>14}" for head in heads))
    areas: dict[str, Counter[Verdict]] = {}
    for finding in findings:
        areas.setdefault(finding.area, Counter())[finding.verdict] += 1
    for area, counts in areas.items():
        reporter.write_line(f"{area:<8}" + "".join(f"{counts[v] or '·':>14}" for v in Verdict))
    total = Counter(finding.verdict for finding in findings)
    reporter.write_line(f"{'total':<8}" + "".join(f"{total[v]:>14}" for v in Verdict), bold=True)
