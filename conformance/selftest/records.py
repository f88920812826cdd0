"""A small run record, in parts that a test can change one at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

Line = dict[str, Any]

EXCHANGE: Line = {
    "kind": "exchange",
    "title": "1. POST http://127.0.0.1:9/mcp → 200",
    "text": (
        'POST http://127.0.0.1:9/mcp\nX-Api-Key: <key>\n\n{"id": 1}\n\n→ 200\na: b\n\n{"ok":true}'
    ),
}
NOTE: Line = {"kind": "text", "title": "rows found", "text": "a row\nanother"}


def header(**changes: Any) -> Line:
    """Return a header, with these fields in place of the usual ones."""
    return {
        "kind": "header",
        "schema": 1,
        "target": {"name": "Sample server", "url": "http://127.0.0.1:9/mcp"},
        "profile_digest": "0123456789abcdef",
        "revisions": ["2026-07-28", "2025-11-25"],
        "started": "2026-01-02T03:04:05+00:00",
        "tools": {"hallmark": "0.1.0", "python": "3.11.7", "pytest": "9.2.0"},
        "command": ["pytest", "conformance"],
    } | changes


def finding(identifier: str = "AUTH-01", verdict: str = "pass", **changes: Any) -> Line:
    """Return a finding, with these fields in place of the usual ones."""
    is_failure = verdict == "fail"
    reason = "" if verdict == "pass" else f"why {identifier} is {verdict}"
    return {
        "kind": "finding",
        "id": identifier,
        "verdict": verdict,
        "title": f"Title of {identifier}",
        "clause": f"Clause of {identifier}.",
        "remedy": f"Mend `part` of {identifier}. Then look again.",
        "source": "D[D2]",
        "area": identifier.partition("-")[0],
        "area_title": f"Area {identifier.partition('-')[0]}",
        "severity": "MUST",
        "reason": reason,
        "expected": f"Clause of {identifier}." if is_failure else "",
        "seen": f"{reason}\nassert 200 == 401" if is_failure else "",
        "evidence": [NOTE, EXCHANGE],
        "seconds": 0.25,
        "needs": ["http"],
        "missing": [],
        "references": ["CWE-306", "OWASP MCP07:2025"],
        "checks": [{"name": "test_it_holds", "verdict": verdict, "reason": reason}],
        "rerun": f"pytest conformance --requirement={identifier}",
    } | changes


def known(standing: str = "expected", **changes: Any) -> Line:
    """Return what the profile knows of a failure, for the field of that name."""
    return {"reason": "mended in the spring", "until": "2030-01-31", "standing": standing} | changes


def footer(findings: list[Line], exit_code: int = 0) -> Line:
    """Return the footer that these findings call for."""
    counts = dict.fromkeys(("pass", "fail", "inconclusive", "not assessed"), 0)
    for one in findings:
        counts[one["verdict"]] += 1
    ended = "2026-01-02T03:05:10+00:00"
    return {"kind": "footer", "counts": counts, "ended": ended, "exit_code": exit_code}


def mixed() -> list[Line]:
    """Return findings of every verdict, in two areas."""
    return [
        finding("AUTH-01"),
        finding("AUTH-02", "fail"),
        finding("AUTH-06", "not assessed", missing=["clock", "keys"]),
        finding("RLS-01", "inconclusive"),
        finding("RLS-02", "not assessed", missing=["keys"]),
    ]


def whole(findings: list[Line], exit_code: int = 0) -> list[Line]:
    """Return all lines of a run that came to its end."""
    return [header(), *findings, footer(findings, exit_code)]


def write(folder: Path, lines: list[Line]) -> Path:
    """Write a record; ASCII escapes keep what UTF-8 could not hold, as a judge's own writer may."""
    path = folder / "run.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="ascii")
    return path
