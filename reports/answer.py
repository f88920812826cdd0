"""The overall answer of a run: the one place where a run may be called clean."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from conformance.model import UNDECIDED, VIOLATION, Channel, Severity, Standing, Verdict

if TYPE_CHECKING:
    from conformance.model import Finding
    from conformance.record.run import Run

_JUDGED = frozenset({0, VIOLATION, UNDECIDED})
_CHANNELS = {channel.value: channel for channel in Channel}


class Outcome(StrEnum):
    """What a run amounts to."""

    CLEAN = "clean"
    KNOWN = "known"  # nothing that fails the run: known failures, or advice
    VIOLATIONS = "violations"
    INCONCLUSIVE = "inconclusive"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True)
class Answer:
    """The outcome, in two or three words and in one or two sentences."""

    outcome: Outcome
    headline: str
    sentence: str


@dataclass(frozen=True)
class Supply:
    """What would let some requirements be judged; ``alone`` of them lack nothing else."""

    what: str
    findings: tuple[Finding, ...]
    alone: int


def decide(run: Run) -> Outcome:
    """Return the gravest of what the findings say and what the exit code says."""
    counts = run.counts
    if run.footer is None or run.footer.exit_code not in _JUDGED:
        return Outcome.INCOMPLETE
    if run.violations or run.unexpected_passes or run.footer.exit_code == VIOLATION:
        return Outcome.VIOLATIONS
    is_undecided = counts[Verdict.INCONCLUSIVE] or run.footer.exit_code == UNDECIDED
    harmless = run.known_failures or run.advice
    if is_undecided or not (counts[Verdict.PASS] or harmless):
        return Outcome.INCONCLUSIVE
    return Outcome.KNOWN if harmless else Outcome.CLEAN


def answer(run: Run) -> Answer:
    """Return the overall answer. A run of which nothing was seen is never clean."""
    outcome = decide(run)
    headline, sentence = {
        Outcome.CLEAN: _clean,
        Outcome.KNOWN: _known,
        Outcome.VIOLATIONS: _violations,
        Outcome.INCONCLUSIVE: _inconclusive,
        Outcome.INCOMPLETE: _incomplete,
    }[outcome](run)
    return Answer(outcome, headline, sentence)


def trusted(run: Run, finding: Finding) -> Verdict:
    """Return a finding's verdict as far as the run can be trusted with it.

    A pass of a run that was cut short may lack a check that would have failed.
    """
    if finding.verdict is Verdict.PASS and decide(run) is Outcome.INCOMPLETE:
        return Verdict.INCONCLUSIVE
    return finding.verdict


def supplies(run: Run) -> tuple[Supply, ...]:
    """Group what was not assessed by what would supply it, the most useful first."""
    grouped: dict[str, list[Finding]] = {}
    for finding in run.having(Verdict.NOT_ASSESSED):
        for what in _lacking(finding):
            grouped.setdefault(what, []).append(finding)
    found = [
        Supply(what, tuple(group), sum(len(_lacking(finding)) == 1 for finding in group))
        for what, group in grouped.items()
    ]
    return tuple(sorted(found, key=lambda supply: -len(supply.findings)))


def undecided(run: Run) -> tuple[tuple[str, tuple[Finding, ...]], ...]:
    """Group what is inconclusive by its reason: one dead target is one thing to mend."""
    grouped: dict[str, list[Finding]] = {}
    for finding in run.having(Verdict.INCONCLUSIVE):
        grouped.setdefault(finding.reason or "no reason was recorded", []).append(finding)
    return tuple((reason, tuple(group)) for reason, group in grouped.items())


def plural(count: int, one: str, many: str = "") -> str:
    """Return the count with its noun."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def _lacking(finding: Finding) -> tuple[str, ...]:
    if not finding.missing:
        return (finding.reason or "no reason was recorded",)
    known = (_CHANNELS.get(name) for name in finding.missing)
    return tuple(
        channel.supplied_by if channel else name
        for name, channel in zip(finding.missing, known, strict=True)
    )


def _clean(run: Run) -> tuple[str, str]:
    passed, unseen = run.counts[Verdict.PASS], run.counts[Verdict.NOT_ASSESSED]
    if not unseen:
        return "Clean", f"{_all(passed)} judged, and {_passes(passed)}."
    sentence = (
        f"{plural(passed, 'requirement')} of {passed + unseen} could be assessed, and "
        f"{_passes(passed)}. Of the other {unseen}, nothing is known."
    )
    return "Clean, as far as seen", sentence


def advised(run: Run) -> str:
    """Return the count of what fails and does not count, with its noun."""
    return plural(len(run.advice), "piece of advice", "pieces of advice")


def _known(run: Run) -> tuple[str, str]:
    if not run.known_failures:
        sentence = (
            f"Nothing that fails the run was found; {advised(run)} stand{_s(len(run.advice))} "
            f"below that level.{_unseen(run)}"
        )
        return f"No violation, {advised(run)}", sentence
    known = len(run.known_failures)
    sentence = (
        f"{plural(known, 'requirement')} of {len(run.findings)} {_is(known)} violated, as the "
        f"profile knows; no other violation was found.{_besides(run)}{_unseen(run)}"
    )
    return plural(known, "known failure"), sentence


def _violations(run: Run) -> tuple[str, str]:
    failed = run.violations
    if not failed:
        return _against_the_profile(run)
    mild = sum(finding.severity is Severity.SHOULD for finding in failed)
    of_these = f", {mild} of them only recommended (SHOULD)" if mild else ""
    sentence = (
        f"{plural(len(failed), 'requirement')} of {len(run.findings)} {_is(len(failed))} violated"
        f"{of_these}.{_besides(run)}{_unseen(run)}"
    )
    return plural(len(failed), "violation"), sentence


def _against_the_profile(run: Run) -> tuple[str, str]:
    passes = run.unexpected_passes
    if passes:
        verb = "passes" if len(passes) == 1 else "pass"
        sentence = (
            f"{', '.join(finding.id for finding in passes)} {verb}, which the profile knows as "
            "failing: remove that from its known failures."
        )
        return plural(len(passes), "unexpected pass", "unexpected passes"), sentence
    past = [one for one in run.findings if one.known and one.known.standing is Standing.PAST]
    if past:
        sentence = (
            f"The last day of a known failure has passed: {', '.join(one.id for one in past)}."
        )
        return "Out of date", sentence
    return "Violations", "The run ended as one that found a violation; none is in its record."


def _inconclusive(run: Run) -> tuple[str, str]:
    counts = run.counts
    if not run.findings:
        return "Nothing judged", "The run holds no finding, so it says nothing about the target."
    if counts[Verdict.INCONCLUSIVE]:
        open_ones = plural(counts[Verdict.INCONCLUSIVE], "requirement")
        sentence = (
            f"No violation was found, and {open_ones} of {len(run.findings)} could not be decided."
            f"{_unseen(run, inconclusive=False)}"
        )
        return "Inconclusive", sentence
    if not counts[Verdict.PASS]:
        return "Nothing judged", "No requirement could be assessed on the evidence at hand."
    sentence = (
        "No violation was found, but requirements that this run was told to require "
        "were not assessed."
    )
    return "Inconclusive", sentence


def _incomplete(run: Run) -> tuple[str, str]:
    failed = len(run.violations)
    until_then = f" Until then it had found {plural(failed, 'violation')}." if failed else ""
    why = "its record has no end" if run.footer is None else f"exit code {run.footer.exit_code}"
    return (
        "Incomplete",
        f"The run was cut short ({why}): nothing follows from what it did not reach.{until_then}",
    )


def _s(count: int) -> str:
    return "s" if count == 1 else ""


def _besides(run: Run) -> str:
    return f" Besides there {_is(len(run.advice))} {advised(run)}." if run.advice else ""


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _unseen(run: Run, *, inconclusive: bool = True) -> str:
    counts = run.counts
    words = [
        f"{plural(counts[verdict], 'more is', 'more are')} {verdict.value}"
        for verdict in (Verdict.INCONCLUSIVE, Verdict.NOT_ASSESSED)
        if counts[verdict] and (inconclusive or verdict is Verdict.NOT_ASSESSED)
    ]
    return f" {', '.join(words)}." if words else ""


def _all(count: int) -> str:
    return "The one requirement was" if count == 1 else f"All {count} requirements were"


def _passes(count: int) -> str:
    return "it passes" if count == 1 else "all of them pass"
