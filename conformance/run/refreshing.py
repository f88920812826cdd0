"""Brings up to date what is made from the catalogue, and what a run of the reference measures.

``python -m conformance refresh [RUN.jsonl]``, in a clone. RUN.jsonl is the record of a run of the
reference server, by default that of the latest run if there is one. What it counted and timed takes
the place of what is known of the same requirements; all others keep theirs.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.catalogue import checklists, requirements
from conformance.model import RECORD, Verdict
from conformance.profile import reference, schema
from conformance.record.reading import load
from conformance.run import dry_run, estimate
from conformance.run.options import DEFAULT_PROFILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.record.run import Run

COMMAND = "python -m conformance refresh"
"""What to run where a generated file is stale."""
ROOT = Path(__file__).parents[2]
SCHEMA = Path("fixtures/schemas/profile.schema.json")
REFERENCE = Path("docs/profile-reference.md")
CHECKLIST = Path("docs/authorization-servers.md")
CASES = Path("fixtures/checklists/authorization-servers.toml")
TRAFFIC = dry_run.MEASURED.relative_to(ROOT)
SECONDS = estimate.MEASURED.relative_to(ROOT)
LATEST = Path("reports/out/latest", RECORD)
FACTOR, APART = 2.0, 1.0
"""Seconds are measured anew where they are so many times, and so many seconds, off: no run of a
machine takes quite as long as the last.
"""


class StaleError(Exception):
    """A file cannot be brought up to date; the message says what to do first."""


def derived() -> dict[Path, str]:
    """Return what is made from the catalogue, the model of a profile and lists, by file."""
    cases = checklists.text(ROOT / CASES, str(CASES))
    return {SCHEMA: schema.text(), REFERENCE: reference.text(), CHECKLIST: cases}


def refresh(record: Path | None, root: Path = ROOT) -> Iterator[str]:
    """Write every file, and yield a sentence for each. Raises RecordError and StaleError."""
    if not (root / SCHEMA).parent.is_dir():
        raise StaleError(f"{SCHEMA.parent} is absent: refresh in a clone of the repository")
    for path, text in derived().items():
        (root / path).write_text(text, encoding="utf-8")
        yield f"{path}: written"
    if record is None and (root / LATEST).is_file():
        record = root / LATEST
    taken = measured_by(load(record)) if record else {}
    lacking: set[str] = set()
    for path in (TRAFFIC, SECONDS):
        known = json.loads((root / path).read_text(encoding="utf-8"))
        new = taken.get(path, {})
        found = merged(known, news(known, new) if path == SECONDS else new)
        (root / path).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        changed = [name for name in found if found[name] != known.get(name)]
        yield f"{path}: measured anew: {', '.join(changed) or 'nothing'}"
        lacking.update(unmeasured(found))
    if lacking:
        words = ",".join(sorted(lacking))
        raise StaleError(f"run pytest conformance --requirement={words}, and this again")


def measured_by(run: Run) -> dict[Path, dict[str, Any]]:
    """Return, by file, what a run of the reference server tells of the requirements it passed.

    Raises StaleError for a run of any other server, or of a mutant: they are sent other requests.
    """
    name = tomllib.loads((ROOT / DEFAULT_PROFILE).read_text("utf-8"))["target"]["name"]
    if run.header.target_name != name:
        raise StaleError(f"the record is of {run.header.target_name!r}, not of {name!r}")
    if any(word.partition("=")[0] == "--mutant" for word in run.header.command):
        raise StaleError("the record is of a mutant, not of the reference server itself")
    passed = [finding for finding in run.findings if finding.verdict is Verdict.PASS]
    return {
        TRAFFIC: {finding.id: dict(sorted(finding.sent)) for finding in passed},
        SECONDS: {finding.id: round(finding.seconds, 2) for finding in passed},
    }


def news(known: dict[str, float], seconds: dict[str, float]) -> dict[str, float]:
    """Return the seconds that are not known well enough."""
    return {name: one for name, one in seconds.items() if is_news(known.get(name), one)}


def is_news(known: float | None, seconds: float) -> bool:
    """Tell whether what a requirement took is worth a change of what is known of it."""
    if known is None:
        return True
    shorter, longer = sorted((known, seconds))
    return longer > FACTOR * shorter and longer - shorter > APART


def merged(known: dict[str, Any], measured: dict[str, Any]) -> dict[str, Any]:
    """Return what is known of the catalogue's requirements, the new where there is any."""
    found = {**known, **measured}
    return {name: found[name] for name in sorted(found) if name in requirements()}


def unmeasured(found: dict[str, Any]) -> list[str]:
    """Return the requirements that nobody has measured."""
    return [name for name in requirements() if name not in found]
