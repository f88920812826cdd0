"""Our own schema takes each line that a judge writes, and no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conformance.selftest.record.test_reading import CORRUPT
from conformance.selftest.records import Line, finding, footer, header, known, mixed, whole

_SCHEMA = Path(__file__).parents[3] / "fixtures" / "schemas" / "run.schema.json"
_VALIDATOR: Any = Draft202012Validator(json.loads(_SCHEMA.read_text("utf-8")))
# What no single line can show.
_OF_THE_WHOLE = {
    "no-header",
    "second-header",
    "after-footer",
    "second-footer",
    "id-area",
    "twice",
    "counts",
    "counts-short",
    "seconds-infinite",
}


def record_errors(line: Any) -> list[str]:
    """Return what our schema finds wrong with one line of a run record."""
    return [f"{error.json_path}: {error.message[:300]}" for error in _VALIDATOR.iter_errors(line)]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(_VALIDATOR.schema)


def test_the_lines_of_a_run_are_valid() -> None:
    for line in whole([*mixed(), finding("AUTH-07", "fail", known=known(), later=1)], 1):
        assert record_errors(line) == []


@pytest.mark.parametrize("name", sorted(CORRUPT.keys() - _OF_THE_WHOLE))
def test_what_is_refused_for_one_line_is_invalid(name: str) -> None:
    assert any(record_errors(line) for line in CORRUPT[name][0])


LATER = {"known", "remedy", "revision_set", "was_disguised"}
"""What the format did not have at first."""


@pytest.mark.parametrize("line", [header(), finding(), footer([])], ids=lambda line: line["kind"])
def test_no_field_that_a_reader_needs_may_be_absent(line: Line) -> None:
    for name in line.keys() - LATER:
        rest = {key: value for key, value in line.items() if key != name}
        assert record_errors(rest), name


@pytest.mark.parametrize("line", [1, [], "header", None, {}, {"kind": "other"}, {"kind": 1}])
def test_what_is_no_line_is_invalid(line: Any) -> None:
    assert record_errors(line)
