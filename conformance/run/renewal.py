"""Writes anew what the repository keeps of the schema, and of what a run has measured.

What a requirement was sent and what it took is taken from the record of a run on the reference
server; requirements that the run did not judge keep what they had.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.catalogue import requirements
from conformance.profile import reference, schema
from conformance.run import dry_run, estimate

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "fixtures" / "schemas" / "profile.schema.json"
REFERENCE = ROOT / "docs" / "profile-reference.md"


def derived() -> dict[Path, str]:
    """Return what is made from the catalogue and the model of a profile, by file."""
    return {SCHEMA: schema.text(), REFERENCE: reference.text()}


def measured(record: Path) -> dict[Path, str]:
    """Return what a run has measured, merged into what is known, by file.

    Raises OSError, ValueError or KeyError for what is no record.
    """
    lines: list[dict[str, Any]] = [
        json.loads(line) for line in record.read_text(encoding="utf-8").split("\n") if line
    ]
    found = [line for line in lines if line["kind"] == "finding"]
    sent = {line["id"]: dict(sorted(line["sent"].items())) for line in found}
    seconds = {line["id"]: round(line["seconds"], 2) for line in found}
    return {
        dry_run.MEASURED: _merged(dry_run.MEASURED, sent),
        estimate.MEASURED: _merged(estimate.MEASURED, seconds),
    }


def renew(record: Path | None) -> Iterator[Path]:
    """Write what has changed; yield each file written."""
    texts = derived() | (measured(record) if record else {})
    for path, text in texts.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            yield path


def _merged(path: Path, found: dict[str, Any]) -> str:
    known = json.loads(path.read_text(encoding="utf-8")) | found
    kept = {name: known[name] for name in sorted(known) if name in requirements()}
    return json.dumps(kept, indent=1) + "\n"
