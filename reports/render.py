"""Renders all documents of one run; either all of them are written, or none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from reports import badge, html, junit, kill_matrix, markdown
from reports.errors import KillMatrixError, ReportError
from reports.run import load

if TYPE_CHECKING:
    from pathlib import Path

HTML, JUNIT, SUMMARY, BADGE = "report.html", "junit.xml", "summary.md", "badge.svg"
FILE_NAMES = (HTML, JUNIT, SUMMARY, BADGE)


class UnwritableReportError(ReportError):
    """The documents cannot be written where they were asked for."""


def render_all(
    run_jsonl: Path, out: Path | None = None, matrix: Path | None = None
) -> dict[str, Path]:
    """Write ``report.html``, ``junit.xml``, ``summary.md``, ``badge.svg``; return them by name.

    They go to ``out``, by default beside the record. ``matrix`` is the kill matrix to show; by
    default the one beside the record or one level above it, which may be absent or unfit.
    Raises RecordError for a corrupt record, KillMatrixError for a matrix that was asked for and
    is unfit, UnwritableReportError. After an error, no document of an earlier run is left to be
    mistaken for this one's.
    """
    folder = out or run_jsonl.parent
    try:
        documents = _documents(run_jsonl, matrix)
    except ReportError:
        _discard(folder)
        raise
    return write_all(folder, documents)


def _documents(run_jsonl: Path, matrix: Path | None) -> dict[str, str]:
    run = load(run_jsonl)
    shown, matrix_error = _matrix(run_jsonl, matrix)
    return {
        HTML: html.render(run, shown, matrix_error),
        JUNIT: junit.render(run),
        SUMMARY: markdown.render(run),
        BADGE: badge.render(run),
    }


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


def _discard(folder: Path) -> None:
    try:
        for name in FILE_NAMES:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise UnwritableReportError(f"{folder} cannot be written: {error.strerror}") from error
