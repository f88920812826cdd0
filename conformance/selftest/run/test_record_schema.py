"""The lines that the judge writes are those that its published schema describes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from conformance.selftest.judging import PROFILE, ROOT, judge
from conformance.selftest.targets import OpenToAll, serving

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = ROOT / "fixtures" / "schemas" / "run.schema.json"


def test_each_line_of_a_real_record_is_valid(tmp_path: Path) -> None:
    with serving(OpenToAll) as url:
        found = judge(tmp_path, f"--target={url}", "--area=AUTH,OPS", profile=PROFILE)

    validator: Any = Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    assert {"fail", "not assessed"} <= set(found.verdicts.values())
    assert [line["kind"] for line in (found.lines[0], found.lines[-1])] == ["header", "footer"]
    for line in found.lines:
        validator.validate(line)
