"""``junit.xml``: one suite an area, one case a requirement, for what CI systems already read.

The areas and cases with the gravest violation come first. *fail* is a failure, *inconclusive* an
error, *not assessed* a skip. A failure that the profile knows of, or of an impact too low to fail
the run, is a skip, and a pass against what the profile knows a failure: so they count. A run whose
cases alone would look better than its answer gets one more case that is an error, so that no reader
shows it green.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from conformance.model import Impact, Verdict
from reports.answer import Answer, Outcome, answer
from reports.text import clip

if TYPE_CHECKING:
    from conformance.model import Finding
    from conformance.record.run import Run

_TAGS = {
    Verdict.FAIL: "failure",
    Verdict.INCONCLUSIVE: "error",
    Verdict.NOT_ASSESSED: "skipped",
}
_MESSAGE = 300


def render(run: Run) -> str:
    """Return the document, with its XML declaration."""
    root = ET.Element("testsuites", name="hallmark")
    for findings in sorted(map(_sorted, run.areas.values()), key=lambda found: _place(found[0])):
        _suite(root, run, f"{findings[0].area}: {findings[0].area_title}", findings)
    overall = answer(run)
    if _looks_better(run, overall):
        _overall(root, run, overall)
    _total(root)
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _sorted(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=_place))


def _place(finding: Finding) -> tuple[int, bool] | tuple[int]:
    return finding.gravity if _tag(finding) == "failure" else (len(Impact),)


def _suite(root: ET.Element, run: Run, name: str, findings: tuple[Finding, ...]) -> None:
    counts = dict.fromkeys(_TAGS.values(), 0)
    for finding in findings:
        if tag := _tag(finding):
            counts[tag] += 1
    suite = ET.SubElement(
        root,
        "testsuite",
        name=name,
        tests=str(len(findings)),
        failures=str(counts["failure"]),
        errors=str(counts["error"]),
        skipped=str(counts["skipped"]),
        time=f"{sum(finding.seconds for finding in findings):.3f}",
        timestamp=run.header.started.isoformat(),
        hostname=run.header.target_url,
    )
    for finding in findings:
        _case(suite, finding)


def _case(suite: ET.Element, finding: Finding) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=f"hallmark.{finding.area}",
        name=f"{finding.id} {finding.title}",
        time=f"{finding.seconds:.3f}",
    )
    if tag := _tag(finding):
        message = clip(_message(finding), _MESSAGE)
        ET.SubElement(case, tag, message=message).text = _explanation(finding)


def _tag(finding: Finding) -> str | None:
    if finding.is_known_failure or finding.is_advice:
        return "skipped"
    return "failure" if finding.is_unexpected_pass else _TAGS.get(finding.verdict)


def _message(finding: Finding) -> str:
    first_line = finding.reason.partition("\n")[0] or finding.verdict.value
    if finding.is_advice:
        return f"advice ({finding.impact.value}): {first_line}"
    if finding.known is None:
        return first_line
    known = f"known failure until {finding.known.until}: {finding.known.reason}"
    return f"{finding.known.standing.value}; {known}"


def _explanation(finding: Finding) -> str:
    parts = [
        f"clause ({finding.severity.value}): {finding.clause}",
        f"impact: {finding.impact.value}. {finding.impact_reason}".rstrip(),
        f"seen: {finding.seen}" if finding.seen else f"reason: {finding.reason}",
        *([f"to do: {finding.remedy}"] if finding.seen and finding.remedy else []),
        *(f"{item.heading}\n{item.text}" for item in finding.evidence if finding.seen),
        f"again: {finding.rerun}",
    ]
    return "\n\n".join(parts)


def _looks_better(run: Run, overall: Answer) -> bool:
    if overall.outcome is Outcome.INCOMPLETE:
        return True
    shown = run.violations or run.unexpected_passes or run.counts[Verdict.INCONCLUSIVE]
    return overall.outcome not in {Outcome.CLEAN, Outcome.KNOWN} and not shown


def _overall(root: ET.Element, run: Run, overall: Answer) -> None:
    suite = ET.SubElement(
        root,
        "testsuite",
        name="run",
        tests="1",
        failures="0",
        errors="1",
        skipped="0",
        time="0",
        timestamp=run.header.started.isoformat(),
        hostname=run.header.target_url,
    )
    case = ET.SubElement(suite, "testcase", classname="hallmark", name="the run as a whole")
    ET.SubElement(case, "error", message=overall.headline).text = overall.sentence


def _total(root: ET.Element) -> None:
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", f"{sum(float(suite.get('time', '0')) for suite in root):.3f}")
