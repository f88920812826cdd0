"""The difference of two runs in words: plain for a terminal, Markdown for a job summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.answer import Outcome, answer, decide, plural
from reports.diff import Change
from reports.markdown import code, escape
from reports.text import clip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.model import Verdict
    from conformance.record.run import Run
    from reports.diff import Difference, Step

_LINE = 300
# What stays as it was is counted, not listed, unless it is a violation.
_COUNTED = (Change.UNSEEN_STILL, Change.PASSES_STILL)


def plain(found: Difference) -> str:
    """Return lines for a terminal."""
    return "\n".join(_plain(found)) + "\n"


def markdown(found: Difference) -> str:
    """Return the same as Markdown."""
    return "\n".join(_markdown(found)) + "\n"


def verdict(found: Difference) -> str:
    """Say in one sentence what the exit code says."""
    failing, unseen = found.counts[Change.NEWLY_FAILS], found.counts[Change.UNSEEN_NOW]
    words = [
        f"{plural(failing, 'requirement')} newly {'fails' if failing == 1 else 'fail'}"
        if failing
        else "",
        f"{plural(unseen, 'requirement')} that the first run saw {'is' if unseen == 1 else 'are'} "
        "unseen in the second, and nothing is known of "
        f"{'it' if unseen == 1 else 'them'} now"
        if unseen
        else "",
    ]
    told = "; ".join(word for word in words if word)
    return f"{told}." if told else "Nothing is worse."


def _plain(found: Difference) -> Iterator[str]:
    yield f"A  {_run(found.before)}"
    yield f"B  {_run(found.after)}"
    yield from _warnings(found)
    yield verdict(found)
    for change in Change:
        steps = found.having(change)
        if not steps:
            continue
        yield ""
        yield f"{change.value}: {len(steps)}"
        if change not in _COUNTED:
            yield from (f"  {one.id}  {clip(one.title, _LINE)}  [{_path(one)}]" for one in steps)
    for name, ids in _catalogue(found):
        yield ""
        yield f"{name}: {', '.join(ids)}"


def _markdown(found: Difference) -> Iterator[str]:
    yield "# Hallmark: two runs compared"
    yield ""
    yield f"- A: {escape(_run(found.before))}"
    yield f"- B: {escape(_run(found.after))}"
    yield ""
    for sentence in (*_warnings(found), verdict(found)):
        yield escape(sentence)
        yield ""
    yield "| change | requirements |"
    yield "| --- | ---: |"
    yield from (f"| {change.value} | {found.counts[change]} |" for change in Change)
    for change in Change:
        steps = found.having(change)
        if not steps or change in _COUNTED:
            continue
        yield from ("", f"## {change.value.capitalize()}", "")
        yield from (
            f"- {code(step.id)} {escape(clip(step.title, _LINE))}: {_path(step)}" for step in steps
        )
    for name, ids in _catalogue(found):
        yield from ("", f"{name[0].upper()}{name[1:]}: {', '.join(map(code, ids))}")


def _run(run: Run) -> str:
    header = run.header
    name, url = clip(header.target_name, _LINE), clip(header.target_url, _LINE)
    return f"{header.started:%Y-%m-%d %H:%M:%S %Z}  {name}  {url}  {answer(run).headline}"


def _warnings(found: Difference) -> Iterator[str]:
    if not found.is_of_one_target:
        yield "These are runs of two targets: a difference may be one between them."
    if decide(found.after) is Outcome.INCOMPLETE:
        yield "B was cut short: a pass in it counts as unseen."
    if decide(found.before) is Outcome.INCOMPLETE:
        yield "A was cut short: a pass in it counts as unseen."


def _path(step: Step) -> str:
    if step.after and step.doubt:
        return f"{_word(step.was)} → {step.after.verdict.value}, {step.doubt}"
    more = f", newly {', '.join(step.newly)}" if step.newly else ""
    return f"{_word(step.was)} → {_word(step.now)}{more}"


def _word(found: Verdict | None) -> str:
    return found.value if found else "not in the record"


def _catalogue(found: Difference) -> Iterator[tuple[str, list[str]]]:
    groups = {
        "only in B": [step.id for step in found.steps if step.before is None],
        "only in A": [step.id for step in found.steps if step.after is None],
    }
    for name in ("title", "clause", "severity"):
        groups[f"{name} changed"] = [one.id for one in found.steps if name in one.altered]
    yield from ((name, ids) for name, ids in groups.items() if ids)
