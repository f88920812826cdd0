"""Brings up to date what is made from the catalogue: the profile's schema, and what a run sends.

``python -m conformance refresh [RUN.jsonl]``, in a clone. RUN.jsonl is the record of a run of the
reference server, by default that of the latest run if there is one. What it counted takes the place
of what stands in ``traffic.json`` of the same requirements; all others keep theirs.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.catalogue import requirements
from conformance.model import RECORD, Verdict
from conformance.profile import schema
from conformance.record.reading import load
from conformance.run.dry_run import MEASURED
from conformance.run.options import DEFAULT_PROFILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.record.run import Run

COMMAND = "python -m conformance refresh"
"""What to run where a generated file is stale."""
ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "fixtures" / "schemas" / "profile.schema.json"
LATEST = ROOT / "reports" / "out" / "latest" / RECORD


class StaleError(Exception):
    """A file cannot be brought up to date; the message says what to do first."""


def refresh(record: Path | None) -> Iterator[str]:
    """Write both files, and yield a sentence for each. Raises RecordError and StaleError."""
    if not SCHEMA.parent.is_dir():
        raise StaleError(f"{SCHEMA.parent} is absent: refresh in a clone of the repository")
    SCHEMA.write_text(schema.text(), encoding="utf-8")
    yield f"{SCHEMA.relative_to(ROOT)}: written"
    if record is None and LATEST.is_file():
        record = LATEST
    known: dict[str, dict[str, int]] = json.loads(MEASURED.read_text(encoding="utf-8"))
    found = merged(known, measured_by(load(record)) if record else {})
    MEASURED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    changed = [name for name in found if found[name] != known.get(name)]
    yield f"{MEASURED.relative_to(ROOT)}: measured anew: {', '.join(changed) or 'nothing'}"
    if lacking := unmeasured(found):
        words = ",".join(lacking)
        raise StaleError(f"run pytest conformance --requirement={words}, and this again")


def measured_by(run: Run) -> dict[str, dict[str, int]]:
    """Return what a run of the reference server sent, by the requirements that it passed.

    Raises StaleError for a run of any other server, or of a mutant: they are sent other requests.
    """
    name = tomllib.loads((ROOT / DEFAULT_PROFILE).read_text("utf-8"))["target"]["name"]
    if run.header.target_name != name:
        raise StaleError(f"the record is of {run.header.target_name!r}, not of {name!r}")
    if any(word.partition("=")[0] == "--mutant" for word in run.header.command):
        raise StaleError("the record is of a mutant, not of the reference server itself")
    return {
        finding.id: dict(sorted(finding.sent))
        for finding in run.findings
        if finding.verdict is Verdict.PASS
    }


def merged(known: dict[str, Any], counted: dict[str, Any]) -> dict[str, Any]:
    """Return the counts of the catalogue's requirements, the new ones where there are any."""
    found = {**known, **counted}
    return {name: found[name] for name in sorted(found) if name in requirements()}


def unmeasured(found: dict[str, Any]) -> list[str]:
    """Return the requirements of which nobody has counted what is sent."""
    return [name for name in requirements() if name not in found]
