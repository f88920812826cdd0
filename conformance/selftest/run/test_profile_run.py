"""Where the time of a run went, by its record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conformance.run.profile_run import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

_ENTRIES: list[dict[str, Any]] = [
    {"kind": "header", "started": "2026-01-01T00:00:00+00:00"},
    {"kind": "finding", "id": "AUTH-01", "seconds": 1.0, "checks": [{}]},
    {"kind": "finding", "id": "AUTH-02", "seconds": 3.0, "checks": [{}, {}]},
    {"kind": "footer", "ended": "2026-01-01T00:00:06+00:00"},
]


def test_the_dearest_requirement_comes_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "run.jsonl"
    record.write_text("\n".join(map(json.dumps, _ENTRIES)))
    assert main([str(record)]) == 0
    assert [line.split()[:4] for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["AUTH-02", "3.00", "75.0%", "2"],
        ["AUTH-01", "1.00", "25.0%", "1"],
        ["all", "checks", "4.00"],
        ["all", "else", "2.00", "start,"],
        ["the", "run", "6.00"],
    ]


def test_a_record_that_was_cut_short_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "run.jsonl"
    record.write_text("\n".join(map(json.dumps, _ENTRIES[:-1])))
    assert main([str(record)]) == 4
    assert "no record of a whole run" in capsys.readouterr().err
