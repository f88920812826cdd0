"""``oscal.json``: the run as OSCAL assessment results (NIST, version 1.2.3).

OSCAL has two states, *satisfied* and *not-satisfied*, and a reason. What the judge did not see is
*not-satisfied* with the reason *other* and our own word in the remarks: unseen is never green. So
is a pass of a run that was cut short, for a check of it may be missing.

Each requirement of the record is a control with one objective, its clause. There is no assessment
plan apart from the suite itself; ``import-ap`` points to a resource that says so. Every UUID is
made of what it names, so one record yields the same document each time.

Texts of a target stand in code blocks, because descriptions and remarks are Markdown to OSCAL.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from conformance.model import Verdict
from reports.answer import answer, trusted
from reports.identity import target_key
from reports.markdown import block, escape
from reports.references import weakness, weakness_page
from reports.text import clip

if TYPE_CHECKING:
    from conformance.model import Evidence, Finding
    from conformance.record.run import Run

VERSION = "1.2.3"
_NAMESPACE = "urn:mcp-hallmark:oscal"
_ROOT = uuid.uuid5(uuid.NAMESPACE_URL, _NAMESPACE)
_LINE, _TEXT = 1000, 20_000
_STATES = {
    Verdict.PASS: ("satisfied", "pass"),
    Verdict.FAIL: ("not-satisfied", "fail"),
    Verdict.INCONCLUSIVE: ("not-satisfied", "other"),
    Verdict.NOT_ASSESSED: ("not-satisfied", "other"),
}


def render(run: Run) -> str | None:
    """Return the document, or None for a run without a finding, which OSCAL cannot express."""
    if not run.findings:
        return None
    document = {"assessment-results": _Document(run).whole()}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


class _Document:
    """One run on its way to a document; knows how to name what belongs to this run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._started = run.header.started.isoformat()
        self._target = _name("target", target_key(run.header))
        self._tool = _name("tool", dict(run.header.tools).get("hallmark", ""))

    def whole(self) -> dict[str, Any]:
        run = self._run
        ended = run.footer.ended if run.footer else run.header.started
        return {
            "uuid": self._of_run("document"),
            "metadata": {
                "title": _line(f"Hallmark: {run.header.target_name}"),
                "last-modified": ended.isoformat(),
                "version": self._started,
                "oscal-version": VERSION,
            },
            "import-ap": {"href": f"#{_name('plan')}"},
            "local-definitions": {
                "objectives-and-methods": [_objective(one) for one in run.findings]
            },
            "results": [self._result()],
            "back-matter": {"resources": [_plan()]},
        }

    def _result(self) -> dict[str, Any]:
        run, overall = self._run, answer(self._run)
        ended = {"end": run.footer.ended.isoformat()} if run.footer else {}
        return {
            "uuid": self._of_run("result"),
            "title": _line(f"{run.header.target_name}: {overall.headline}"),
            "description": escape(overall.sentence),
            "start": self._started,
            **ended,
            "props": [_prop("outcome", overall.outcome.value)],
            "local-definitions": self._definitions(),
            "reviewed-controls": _reviewed(run),
            "observations": [self._observation(one) for one in run.findings],
            "findings": [self._finding(one) for one in run.findings],
        }

    def _definitions(self) -> dict[str, Any]:
        header = self._run.header
        tools = ", ".join(f"{name} {version}" for name, version in header.tools)
        uses = [{"component-uuid": self._tool}]
        platform = {"uuid": self._of_run("platform"), "uses-components": uses}
        target = _component(self._target, "service", header.target_name, header.target_url)
        tool = _component(self._tool, "software", "Hallmark", tools)
        return {
            "components": [target],
            "assessment-assets": {"components": [tool], "assessment-platforms": [platform]},
        }

    def _observation(self, finding: Finding) -> dict[str, Any]:
        evidence = [_evidence(item) for item in finding.evidence]
        checks = "\n".join(
            f"- {escape(clip(one.name, _LINE))}: {one.verdict.value}" for one in finding.checks
        )
        return {
            "uuid": self._of_run("observation", finding.id),
            "title": _line(finding.title or finding.id),
            "description": _seen(finding),
            "methods": ["TEST"],
            "types": ["control-objective"],
            "origins": [{"actors": [{"type": "tool", "actor-uuid": self._tool}]}],
            "subjects": [{"subject-uuid": self._target, "type": "component"}],
            **({"relevant-evidence": evidence} if evidence else {}),
            "collected": self._started,
            **({"remarks": checks} if checks else {}),
        }

    def _finding(self, finding: Finding) -> dict[str, Any]:
        links = [_weakness(number) for one in finding.references if (number := weakness(one))]
        return {
            "uuid": self._of_run("finding", finding.id),
            "title": _line(f"{finding.id} {finding.title}"),
            "description": escape(clip(finding.clause or finding.id, _TEXT)),
            "props": [
                _prop("verdict", finding.verdict.value),
                _prop("severity", finding.severity.value),
            ],
            **({"links": links} if links else {}),
            "target": {
                "type": "objective-id",
                "target-id": _objective_id(finding),
                "status": self._status(finding),
            },
            "related-observations": [{"observation-uuid": self._of_run("observation", finding.id)}],
            **({"remarks": escape(clip(finding.remedy, _TEXT))} if finding.remedy.strip() else {}),
        }

    def _status(self, finding: Finding) -> dict[str, Any]:
        verdict = trusted(self._run, finding)
        state, reason = _STATES[verdict]
        status: dict[str, Any] = {"state": state, "reason": reason}
        if verdict is not finding.verdict:
            status["remarks"] = "The run was cut short, so a check of this may be missing."
        elif reason == "other":
            status["remarks"] = f"{verdict.value}: {escape(clip(finding.reason, _LINE))}"
        return status

    def _of_run(self, *names: str) -> str:
        return _name(self._target, self._started, *names)


def _name(*parts: str) -> str:
    return str(uuid.uuid5(_ROOT, "\n".join(parts)))


def _line(words: str) -> str:
    """Return a title: one line of Markdown, never empty."""
    return escape(clip(words, _LINE)) or "untitled"


def _prop(name: str, value: str) -> dict[str, str]:
    return {"name": name, "ns": _NAMESPACE, "value": value}


def _objective_id(finding: Finding) -> str:
    return f"{finding.id}_obj"


def _objective(finding: Finding) -> dict[str, Any]:
    part = {
        "id": _objective_id(finding),
        "name": "assessment-objective",
        "title": _line(finding.title or finding.id),
        "prose": escape(clip(finding.clause or finding.id, _TEXT)),
    }
    return {"control-id": finding.id, "parts": [part]}


def _reviewed(run: Run) -> dict[str, Any]:
    controls = [{"control-id": one.id} for one in run.findings]
    objectives = [{"objective-id": _objective_id(one)} for one in run.findings]
    return {
        "control-selections": [{"include-controls": controls}],
        "control-objective-selections": [{"include-objectives": objectives}],
    }


def _component(name: str, kind: str, title: str, description: str) -> dict[str, Any]:
    return {
        "uuid": name,
        "type": kind,
        "title": _line(title),
        "description": escape(clip(description, _LINE)),
        "status": {"state": "operational"},
    }


def _seen(finding: Finding) -> str:
    words = finding.seen or finding.reason
    if not words:
        return f"Verdict: {finding.verdict.value}."
    return "\n".join([f"Verdict: {finding.verdict.value}.", "", *block(clip(words, _TEXT))])


def _evidence(item: Evidence) -> dict[str, str]:
    title = _line(item.title or item.kind)
    return {"description": "\n".join([title, "", *block(clip(item.text, _TEXT))])}


def _weakness(number: str) -> dict[str, str]:
    return {"href": weakness_page(number), "rel": "reference", "text": f"CWE-{number}"}


def _plan() -> dict[str, Any]:
    return {
        "uuid": _name("plan"),
        "title": "The suite is its own plan",
        "description": (
            "No separate assessment plan exists. Each requirement of the suite's catalogue is a "
            "control with one objective, its clause, and is judged by the checks that its "
            "observation lists."
        ),
    }
