"""``results.sarif`` (SARIF 2.1.0): violations as GitHub's code scanning takes them.

GitHub closes an alert when a later upload of the same category has no result for it, and knows no
other word for it than *fixed*. So that no alert is closed by what was not seen:

- One run an area, each in a category of its own: ``hallmark/TARGET/AREA-SCOPE``. A run of one area
  alone is, for that area, as good as a run of all.
- SCOPE is a digest of what was tried in the area, and by which checks (``reports/scope.py``). A run
  that tries less, or other things, goes to another category and leaves alerts of the first one
  open.
- What stayed inconclusive stands beside the violations as a *note* that says so, with the rule and
  the fingerprint that a violation would have: an alert on it stays open, and closes when a run sees
  the requirement pass. Its level and its ``verdict`` property tell it from a violation. (SARIF has
  the kind *open* for it, but demands the level *none* with it, which GitHub does not document.)
- An area of which nothing was decided is left out: a target that does not answer changes nothing.
  A run that was cut short yields no file; ``render`` then removes that of an earlier run.

The price: alerts of a category that no run uploads to any more (other channels in the profile,
another version of the catalogue) stay open until somebody deletes that configuration in GitHub. An
alert too many is mended by hand; one too few is never noticed.

A result stands at the catalogue file of its clause, line 1, because a server has no line of source
that a judge from outside could name, and a path that depended on the caller's folder would make a
new alert of an old one. Its fingerprint is made of the target and the requirement, nothing else.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from conformance.model import Impact, Severity, Verdict
from reports.identity import digest, target_key, target_slug
from reports.markdown import escape
from reports.references import weakness, weakness_page
from reports.scope import scope
from reports.text import clip

if TYPE_CHECKING:
    from datetime import datetime

    from conformance.model import Finding
    from conformance.record.run import Run
    from reports.scope import Told

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_TOOL = "Hallmark"
_LEVELS = {Severity.MUST: "error", Severity.SHOULD: "warning"}
# GitHub shows 9.0 and more as critical, 7.0 to 8.9 as high, 4.0 to 6.9 as medium, less as low.
_SCORES = {Impact.CRITICAL: "9.5", Impact.HIGH: "8.0", Impact.MEDIUM: "5.0", Impact.LOW: "2.0"}
# GitHub's own limits: characters of a description, tags of a rule.
_DESCRIPTION, _TAGS, _TAG = 1000, 20, 100
_SEEN, _WORDS, _AREA = 1000, 2000, 40
_SPECIAL = re.compile(r"[\\\[\]]")


def render(run: Run) -> str | None:
    """Return the document, or None if nothing may be said of the run."""
    told = scope(run).told
    if not told:
        return None
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(run, one) for one in told]}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def category(run: Run, told: Told) -> str:
    """Return the category of an area's alerts: the same for what can be compared, alone."""
    return f"hallmark/{target_slug(run.header)}/{told.area[:_AREA]}-{told.key}"


def _run(run: Run, told: Told) -> dict[str, Any]:
    results = [
        _result(run, finding, place)
        for place, finding in sorted(enumerate(told.tried), key=lambda pair: pair[1].gravity)
        if finding.verdict is not Verdict.PASS
    ]
    return {
        "tool": {"driver": _driver(run, told)},
        # What follows the last slash tells uploads of one category apart.
        "automationDetails": {"id": f"{category(run, told)}/{run.header.started:%Y%m%dT%H%M%SZ}"},
        "invocations": [_invocation(run)],
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {
            "passed": [one.id for one in told.tried if one.verdict is Verdict.PASS],
            "notAssessed": [one.id for one in told.unassessed],
        },
    }


def _driver(run: Run, told: Told) -> dict[str, Any]:
    version = clip(dict(run.header.tools).get("hallmark", ""), _TAG)
    return {
        "name": _TOOL,
        **({"version": version} if version else {}),
        "rules": [_rule(finding) for finding in told.tried],
    }


def _rule(finding: Finding) -> dict[str, Any]:
    weaknesses = [number for one in finding.references if (number := weakness(one))]
    rule: dict[str, Any] = {
        "id": finding.id,
        "shortDescription": {"text": clip(finding.title or finding.id, _DESCRIPTION)},
        "fullDescription": {"text": clip(finding.clause or finding.id, _DESCRIPTION)},
        "help": {
            "text": "\n\n".join(_help(finding)),
            "markdown": _help_markdown(finding, weaknesses),
        },
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        "properties": {
            "tags": _tags(finding, weaknesses),
            "precision": "high",
        },
    }
    if finding.verdict is not Verdict.INCONCLUSIVE:  # else a note would count as a violation
        rule["properties"]["security-severity"] = _SCORES[finding.impact]
    if weaknesses:
        rule["helpUri"] = weakness_page(weaknesses[0])
    return rule


def _help(finding: Finding) -> list[str]:
    words = [
        f"{finding.severity.value}: {finding.clause}",
        f"Impact: {finding.impact.value}. {finding.impact_reason}".rstrip(),
        f"Remedy: {finding.remedy}" if finding.remedy else "",
        f"Source: {finding.source}",
        f"References: {', '.join(finding.references)}" if finding.references else "",
    ]
    return [clip(one, _WORDS) for one in words if one]


def _help_markdown(finding: Finding, weaknesses: list[str]) -> str:
    paragraphs = [escape(words) for words in _help(finding)]
    links = [f"[CWE-{one}]({weakness_page(one)})" for one in weaknesses]
    return "\n\n".join([*paragraphs, ", ".join(links)]).rstrip() + "\n"


def _tags(finding: Finding, weaknesses: list[str]) -> list[str]:
    # The form in which code scanning recognises a weakness.
    known = [f"external/cwe/cwe-{int(number):03}" for number in weaknesses]
    others = [one for one in finding.references if not weakness(one)]
    found = [
        "security",
        "mcp",
        finding.area,
        finding.severity.value,
        finding.impact.value,
        *known,
        *others,
    ]
    return list(dict.fromkeys(clip(one, _TAG) for one in found))[:_TAGS]


def _result(run: Run, finding: Finding, place: int) -> dict[str, Any]:
    fingerprint = digest(target_key(run.header), finding.id)
    return {
        "ruleId": finding.id,
        "ruleIndex": place,
        "level": _level(finding),
        "message": {"text": _message(finding)},
        "locations": [_location(finding)],
        # The first is the one name that code scanning compares; the second is for other readers.
        "partialFingerprints": {
            "primaryLocationLineHash": f"{fingerprint}:1",
            "targetAndRequirement/v1": fingerprint,
        },
        "properties": {"verdict": finding.verdict.value},
    }


def _level(finding: Finding) -> str:
    is_violation = finding.verdict is Verdict.FAIL and not finding.is_advice
    return _LEVELS[finding.severity] if is_violation else "note"


def _location(finding: Finding) -> dict[str, Any]:
    uri = f"conformance/catalogue/{finding.area.lower()[:_AREA]}.toml"
    region = {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2}
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}


def _invocation(run: Run) -> dict[str, Any]:
    footer = run.footer
    ending = {"endTimeUtc": _utc(footer.ended), "exitCode": footer.exit_code} if footer else {}
    return {
        "executionSuccessful": footer is not None,
        "startTimeUtc": _utc(run.header.started),
        **ending,
    }


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(finding: Finding) -> str:
    seen = clip(finding.reason or finding.seen or "see the report", _SEEN)
    title, command = clip(finding.title, _SEEN), clip(finding.rerun, _SEEN)
    said = (
        f"{finding.id} is violated: {title}. Seen: {seen}"
        if finding.verdict is Verdict.FAIL
        else f"{finding.id} could not be decided; no violation was seen: {title}. Reason: {seen}"
    )
    return _plain(f"{said}\n\nRun just this again: {command}")


def _plain(words: str) -> str:
    """Return words that no reader takes for a link or a placeholder (SARIF 2.1.0, 3.11.5 and 6)."""
    # Apart, bracket and parenthesis make no link even to a reader that knows no escapes.
    apart = words.replace("](", "] (")
    escaped = _SPECIAL.sub(lambda found: f"\\{found[0]}", apart)
    return escaped.replace("{", "{{").replace("}", "}}")
