"""Writes the run record: one JSON line for the header, for each finding, and for the footer."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from conformance.record.run import SCHEMA, Footer, Header, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conformance.model import Finding

_OBEYED = re.compile(r"[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")
"""What JSON may hold as it is, and what a terminal obeys, hides or cannot encode."""


def write(path: Path, run: Run, redact: Callable[[str], str]) -> None:
    """Write a record; a run without a footer was cut short, and nobody calls it clean."""
    text = "".join(as_line(entry, redact) for entry in entries(run))
    path.write_text(text, encoding="utf-8")


def as_line(entry: dict[str, Any], redact: Callable[[str], str]) -> str:
    """Return an entry as a line of the record: JSON that UTF-8 can hold and no terminal obeys."""
    text = redact(json.dumps(entry, ensure_ascii=False))
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def entries(run: Run) -> Iterator[dict[str, Any]]:
    """Yield the lines of a record as JSON objects."""
    yield _header(run.header)
    yield from map(_finding, run.findings)
    if run.footer is not None:
        yield _footer(run, run.footer)


def _header(header: Header) -> dict[str, Any]:
    return {
        "kind": "header",
        "schema": SCHEMA,
        "target": {"name": header.target_name, "url": header.target_url},
        "profile_digest": header.profile_digest,
        "revisions": list(header.revisions),
        "revision_set": header.revision_set,
        "was_disguised": header.was_disguised,
        "started": header.started.isoformat(),
        "tools": dict(header.tools),
        "command": list(header.command),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    known = finding.known
    return {
        "kind": "finding",
        "id": finding.id,
        "verdict": finding.verdict.value,
        "title": finding.title,
        "clause": finding.clause,
        "remedy": finding.remedy,
        "source": finding.source,
        "area": finding.area,
        "area_title": finding.area_title,
        "severity": finding.severity.value,
        "impact": finding.impact.value,
        "impact_reason": finding.impact_reason,
        "basis": finding.basis and finding.basis.value,
        "crosses_tenants": finding.crosses_tenants,
        "gates": finding.gates,
        "reason": finding.reason,
        "expected": finding.expected,
        "seen": finding.seen,
        "evidence": [
            {"kind": one.kind, "title": one.title, "text": one.text}
            | ({"role": one.role} if one.role else {})
            for one in finding.evidence
        ],
        "seconds": finding.seconds,
        "sent": dict(finding.sent),
        "needs": list(finding.needs),
        "missing": list(finding.missing),
        "references": list(finding.references),
        "checks": [
            {"name": check.name, "verdict": check.verdict.value, "reason": check.reason}
            for check in finding.checks
        ],
        "rerun": finding.rerun,
        "known": known
        and {"reason": known.reason, "until": known.until, "standing": known.standing.value},
    }


def _footer(run: Run, footer: Footer) -> dict[str, Any]:
    return {
        "kind": "footer",
        "counts": {verdict.value: count for verdict, count in run.counts.items()},
        "ended": footer.ended.isoformat(),
        "exit_code": footer.exit_code,
    }
