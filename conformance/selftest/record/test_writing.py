"""What is written is what is read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from conformance.record import reading, writing
from conformance.selftest.records import finding, header, known, mixed, whole, write

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.selftest.records import Line


def unredacted(text: str) -> str:
    return text


@pytest.mark.parametrize(
    "lines",
    [
        whole(mixed(), 1),
        whole([finding("AUTH-03", known=known(), sent={"POST mcp": 3})]),
        [header(revision_set="0.1"), finding()],
    ],
    ids=["every verdict", "known, with what was sent", "cut short"],
)
def test_a_record_survives_reading_and_writing(tmp_path: Path, lines: list[Line]) -> None:
    run = reading.load(write(tmp_path, lines))
    path = tmp_path / "again.jsonl"
    writing.write(path, run, unredacted)
    assert reading.load(path) == run
    for line, entry in zip(lines, path.read_text("utf-8").splitlines(), strict=True):
        assert line.items() <= json.loads(entry).items()
