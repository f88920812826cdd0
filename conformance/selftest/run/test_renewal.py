"""What the repository keeps of its own schema and runs is fresh, or the test says what to run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from conformance.__main__ import main
from conformance.catalogue import requirements
from conformance.run import dry_run, estimate, renewal

if TYPE_CHECKING:
    from pathlib import Path

RENEW = "run: python -m conformance renew"
FROM_A_RUN = "pytest conformance --area=AREA, then: python -m conformance renew RECORD"


@pytest.mark.parametrize("path", renewal.derived())
def test_what_is_made_from_the_catalogue_is_fresh(path: Path) -> None:
    assert path.read_text("utf-8") == renewal.derived()[path], RENEW


@pytest.mark.parametrize("path", [dry_run.MEASURED, estimate.MEASURED])
def test_each_requirement_was_measured(path: Path) -> None:
    assert json.loads(path.read_text("utf-8")).keys() == requirements().keys(), FROM_A_RUN


def test_a_record_adds_to_what_is_known_and_takes_nothing_away(tmp_path: Path) -> None:
    record = tmp_path / "run.jsonl"
    line = {"kind": "finding", "id": "OPS-01", "sent": {"GET health": 7}, "seconds": 1.234}
    record.write_text(json.dumps({"kind": "header"}) + "\n" + json.dumps(line) + "\n", "utf-8")
    texts = renewal.measured(record)
    assert json.loads(texts[dry_run.MEASURED])["OPS-01"] == {"GET health": 7}
    assert json.loads(texts[estimate.MEASURED])["OPS-01"] == 1.23
    assert json.loads(texts[estimate.MEASURED]).keys() == requirements().keys()


def test_what_is_no_record_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["renew", str(tmp_path / "none.jsonl")]) == 4
    assert "is no record" in capsys.readouterr().err
