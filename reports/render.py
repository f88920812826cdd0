"""Renders all documents of one run; either all of them are written, or none."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.record.reading import load
from reports import badge, html, junit, kill_matrix, markdown, oscal, sarif
from reports.errors import UNFIT, KillMatrixError, ReportError
from reports.scope import scope

if TYPE_CHECKING:
    from pathlib import Path

HTML, JUNIT, SUMMARY, BADGE = "report.html", "junit.xml", "summary.md", "badge.svg"
SARIF, OSCAL = "results.sarif", "oscal.json"
FILE_NAMES = (HTML, JUNIT, SUMMARY, BADGE, SARIF, OSCAL)


class UnwritableReportError(ReportError):
    """The documents cannot be written where they were asked for."""


@dataclass(frozen=True)
class Rendered:
    """The documents' paths by name, and sentences on what a document had to leave out."""

    paths: dict[str, Path]
    notes: tuple[str, ...]


def render_all(
    run_jsonl: Path, out: Path | None = None, matrix: Path | None = None
) -> dict[str, Path]:
    """Write all documents as ``render`` does; return their paths by name."""
    return render(run_jsonl, out, matrix).paths


def render(run_jsonl: Path, out: Path | None = None, matrix: Path | None = None) -> Rendered:
    """Write the documents of ``FILE_NAMES`` that this run can have.

    Of a run that must not speak to code scanning there is no ``results.sarif``, of one that judged
    nothing no ``oscal.json``; the notes say why. They go to ``out``, by default beside the record.
    ``matrix`` is the kill matrix to show; by default the one beside the record or one level above
    it, which may be absent or unfit.
    Raises RecordError for a corrupt record, KillMatrixError for a matrix that was asked for and
    is unfit, UnwritableReportError. No document of an earlier run is left to be mistaken for this
    one's, after an error least of all.
    """
    folder = out or run_jsonl.parent
    try:
        documents, notes = _documents(run_jsonl, matrix)
    except UNFIT:
        _discard(folder, FILE_NAMES)
        raise
    _discard(folder, tuple(name for name in FILE_NAMES if name not in documents))
    return Rendered(write_all(folder, documents), notes)


def _documents(run_jsonl: Path, matrix: Path | None) -> tuple[dict[str, str], tuple[str, ...]]:
    run = load(run_jsonl)
    shown, matrix_error = _matrix(run_jsonl, matrix)
    documents = {
        HTML: html.render(run, shown, matrix_error),
        JUNIT: junit.render(run),
        SUMMARY: markdown.render(run),
        BADGE: badge.render(run),
        SARIF: sarif.render(run),
        OSCAL: oscal.render(run),
    }
    written = {name: text for name, text in documents.items() if text is not None}
    return written, scope(run).sentences


def _matrix(run_jsonl: Path, given: Path | None) -> tuple[kill_matrix.KillMatrix | None, str]:
    if given is not None:
        return kill_matrix.load(given), ""
    found = kill_matrix.find(run_jsonl)
    if found is None:
        return None, ""
    try:
        return kill_matrix.load(found), ""
    except KillMatrixError as error:
        # Nobody asked for this file, so it must not cost the report; the report says it is unfit.
        return None, str(error)


def write_all(folder: Path, documents: dict[str, str]) -> dict[str, Path]:
    """Write documents into a folder; return them by name. Raises UnwritableReportError."""
    written: dict[str, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in documents.items():
            # Replaced in one step: a reader never meets half a document.
            new = folder / f".{name}.{os.getpid()}"
            new.write_text(text, encoding="utf-8", newline="\n")
            written[name] = new.replace(folder / name)
    except OSError as error:
        raise UnwritableReportError(f"{folder} cannot be written: {error.strerror}") from error
    return written


def _discard(folder: Path, names: tuple[str, ...]) -> None:
    try:
        for name in names:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise UnwritableReportError(f"{folder} cannot be written: {error.strerror}") from error
