"""``summary.md``: what a CI job shows beside its result (CommonMark with GitHub's tables)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.model import Verdict
from conformance.model.supplying import steps
from reports.answer import answer, supplies, undecided
from reports.scope import scope
from reports.text import clip, spans
from reports.tried import tried

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.model import Finding
    from conformance.record.run import Run

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_BACKTICKS = re.compile(r"`+")
_SEEN = 1200
# GitHub takes a summary of up to 1 MiB; a page of failures is all that anybody reads there.
_MOST_FAILURES = 40


def render(run: Run) -> str:
    """Return the summary."""
    return "\n".join(_lines(run)) + "\n"


def escape(text: str) -> str:
    """Return text that Markdown shows as it is: no markup, no link, no image, no table cell."""
    return _escaped(" ".join(text.split()))


def code(text: str) -> str:
    """Return a code span, fenced by more backticks than the text holds in a row."""
    flat = " ".join(text.split())
    fence = "`" * (_longest_run(flat) + 1)
    return f"{fence} {flat} {fence}"


def _prose(text: str) -> str:
    """Return text in which code stands between backticks, as Markdown that keeps it code."""
    parts = spans(" ".join(text.split()))
    return "".join(code(part) if is_code else _escaped(part) for part, is_code in parts)


def _escaped(text: str) -> str:
    # CommonMark lets every ASCII punctuation mark be escaped, so none needs to be argued about.
    return _PUNCTUATION.sub(r"\\\1", text)


def block(text: str) -> list[str]:
    """Return a code block's lines, fenced likewise."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return [f"{fence}text", *text.split("\n"), fence]


def _lines(run: Run) -> Iterator[str]:
    overall = answer(run)
    yield f"# Hallmark: {overall.headline}"
    yield ""
    name, url = clip(run.header.target_name, _SEEN), clip(run.header.target_url, _SEEN)
    yield f"**{escape(name)}** at {code(url)}"
    if run.header.revision_set:
        yield ""
        yield f"Judged by the frozen set {code(run.header.revision_set)} of requirements."
    if run.header.was_disguised:
        yield ""
        yield "The judge was disguised as a common client."
    yield ""
    yield escape(overall.sentence)
    yield ""
    yield from _table(run)
    yield from _tried(run)
    yield from _failures(run)
    yield from _known(run)
    yield from _undecided(run)
    yield from _unseen(run)
    yield from _untold(run)


def _table(run: Run) -> Iterator[str]:
    yield "| area | " + " | ".join(verdict.value for verdict in Verdict) + " |"
    yield "| --- |" + " ---: |" * len(Verdict)
    for area, findings in run.areas.items():
        counted = [sum(one.verdict is verdict for one in findings) for verdict in Verdict]
        yield f"| {area} | " + " | ".join(str(count or "·") for count in counted) + " |"
    totals = " | ".join(f"**{count}**" for count in run.counts.values())
    yield f"| **total** | {totals} |"


def _tried(run: Run) -> Iterator[str]:
    """Yield two lines: what was sent where, and which channels there were."""
    if not run.findings:
        return
    found = tried(run)
    routes = ", ".join(
        f"{route.label} ({', '.join(method.name for method in route.methods)})"
        for route in found.routes
    )
    absent = ", ".join(f"{one.name} ({one.unseen})" for one in found.absent)
    where = f" To: {routes}." if routes else ""
    yield ""
    yield f"**Tried:** {escape(clip(found.sentence + where, _SEEN))}"
    yield ""
    used = ", ".join(found.used) or "none"
    words = f"used {used}; absent {absent or 'none'}."
    yield f"**Channels:** {escape(clip(words, _SEEN))}"


def _failures(run: Run) -> Iterator[str]:
    for heading, failed in (
        ("What failed", run.violations),
        ("What fails and does not fail the run", run.advice),
    ):
        if failed:
            yield from ("", f"## {heading}")
        for finding in failed[:_MOST_FAILURES]:
            yield from _failure(finding)
        if len(failed) > _MOST_FAILURES:
            yield from ("", f"{len(failed) - _MOST_FAILURES} more are in `report.html`.")


def _failure(finding: Finding) -> Iterator[str]:
    yield ""
    yield f"### {finding.id} {escape(clip(finding.title, _SEEN))}"
    yield ""
    why = escape(clip(finding.impact_reason, _SEEN))
    yield f"**Impact: {finding.impact.value}.** {why}".rstrip()
    yield ""
    if finding.remedy:
        yield f"**To do:** {_prose(finding.remedy)}"
        yield ""
    expected = clip(finding.expected or finding.clause, _SEEN)
    yield f"Expected ({finding.severity.value}): {escape(expected)}"
    yield ""
    yield "Seen:"
    yield ""
    yield from block(clip(finding.reason or finding.seen, _SEEN))
    yield ""
    yield "Run just this again:"
    yield ""
    yield from block(clip(finding.rerun, _SEEN))


def _known(run: Run) -> Iterator[str]:
    known = [(finding.id, finding.known) for finding in run.findings if finding.known]
    if known:
        yield from ("", "## Known failures", "")
    for name, entry in known:
        reason = escape(clip(entry.reason, _SEEN))
        yield f"- {name} ({entry.standing.value}, until {escape(entry.until)}): {reason}"


def _undecided(run: Run) -> Iterator[str]:
    found = undecided(run)
    if found:
        yield from ("", "## What could not be decided, and why", "")
    for reason, findings in found:
        ids = ", ".join(finding.id for finding in findings)
        yield f"- {escape(clip(reason, _SEEN))}: {ids}"


def _unseen(run: Run) -> Iterator[str]:
    unseen = run.having(Verdict.NOT_ASSESSED)
    if unseen:
        yield from ("", "## What was not assessed, and what would supply it", "")
    for step in steps({finding.id: finding.missing for finding in unseen}):
        yield f"- {escape(clip(step.to_do, _SEEN))}: {step.gain} ({', '.join(step.ids)})"
    for supply in supplies(run):
        ids = [finding.id for finding in supply.findings if not finding.missing]
        if ids:
            yield f"- {escape(clip(supply.what, _SEEN))}: {', '.join(ids)}"


def _untold(run: Run) -> Iterator[str]:
    sentences = scope(run).sentences
    if sentences:
        yield from ("", "## What code scanning is not told, and why", "")
        yield escape(clip(" ".join(sentences), _SEEN))


def _longest_run(text: str) -> int:
    return max((len(found) for found in _BACKTICKS.findall(text)), default=0)
