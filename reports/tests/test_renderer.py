"""The judge finds this package's renderer, and a run whose documents fail keeps its verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.run import rendering
from conformance.selftest.records import mixed, whole, write
from reports import renderer
from reports.render import FILE_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def test_the_judge_finds_the_renderer() -> None:
    assert rendering.registered() is renderer.RENDERER


def test_the_documents_of_a_run_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rendering.render_run(write(tmp_path, whole(mixed(), 1)))
    assert {*FILE_NAMES} <= {path.name for path in tmp_path.iterdir()}
    assert "results.sarif leaves something out: RLS" in capsys.readouterr().out


@pytest.mark.parametrize("render", [rendering.render_run, rendering.render_fleet])
def test_what_cannot_be_rendered_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], render: object
) -> None:
    assert callable(render)
    assert not render(tmp_path / "nowhere")
    assert capsys.readouterr().err.startswith("no report was written: ")


def test_a_fault_of_a_document_costs_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: object, record: Path) -> Sequence[str]:
        raise LookupError(f"::error::{record.name}")

    monkeypatch.setattr(renderer.Documents, "of_run", broken)
    assert not rendering.render_run(tmp_path / "run.jsonl")
    assert capsys.readouterr().err == "no report was written: LookupError: ::error::run.jsonl\n"
