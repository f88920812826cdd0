"""Where the time of a run went, by its record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.run.profile_run import main
from conformance.selftest.records import finding, whole, write

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

_CHECK = {"name": "test_it_holds", "verdict": "pass", "reason": ""}
_ENTRIES = whole(
    [
        finding("AUTH-01", seconds=1.0, checks=[_CHECK]),
        finding("AUTH-02", seconds=3.0, checks=[_CHECK, _CHECK]),
    ]
)


def test_the_dearest_requirement_comes_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = write(tmp_path, _ENTRIES)
    assert main([str(record)]) == 0
    assert [line.split()[:4] for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["AUTH-02", "3.00", "75.0%", "2"],
        ["AUTH-01", "1.00", "25.0%", "1"],
        ["all", "checks", "4.00"],
        ["all", "else", "61.00", "start,"],
        ["the", "run", "65.00"],
    ]


def test_a_record_that_was_cut_short_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = write(tmp_path, _ENTRIES[:-1])
    assert main([str(record)]) == 4
    assert "no record of a whole run" in capsys.readouterr().err
