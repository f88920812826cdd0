"""``index.html`` and ``summary.md`` of a fleet: many targets, judged in one run, on one page.

The folder holds ``fleet.json``, which the run wrote, and below it a folder a target with the
target's own record and reports. A target whose record is absent or unfit is shown as what it is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from conformance.model import RECORD, Verdict
from conformance.record.errors import RecordError
from conformance.record.reading import load
from conformance.text.printable import single_line
from reports import html, markdown
from reports.answer import Answer, Outcome, answer
from reports.errors import ReportError
from reports.text import clip

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.record.reading import Run

SIGNS = {
    Verdict.FAIL: "✗",
    Verdict.INCONCLUSIVE: "?",
    Verdict.NOT_ASSESSED: "–",  # noqa: RUF001 -- a dash, as in a table without a value
    Verdict.PASS: "✓",
}
"""What stands for a verdict where there are too many columns for words."""
FLEET, INDEX, SUMMARY = "fleet.json", "index.html", "summary.md"
SCHEMA = 1
_LONGEST_WORDS = 300


class FleetFileError(ReportError):
    """``fleet.json`` is absent, or is not what the run writes."""


@dataclass(frozen=True)
class Cell:
    """One area of one target: its gravest verdict, and of how many requirements it is theirs."""

    verdict: Verdict
    count: int
    of: int


@dataclass(frozen=True)
class Row:
    """One target. ``run`` is None, and ``answer`` says why, where there is no record of it."""

    name: str
    exit_code: int
    seconds: float
    answer: Answer
    run: Run | None

    @property
    def report(self) -> str:
        """The target's own report, from where the page is."""
        return f"{self.name}/report.html"

    def cell(self, area: str) -> Cell | None:
        """Return what was found in an area; None where nothing of it was judged."""
        found = self.run.areas.get(area, ()) if self.run else ()
        if not found:
            return None
        verdicts = [finding.verdict for finding in found]
        gravest = next((one for one in SIGNS if one in verdicts), Verdict.PASS)
        return Cell(gravest, verdicts.count(gravest), len(verdicts))


def render_fleet(folder: Path) -> dict[str, Path]:
    """Write both documents into the folder of a fleet; return them by name.

    Raises FleetFileError, and UnwritableReportError as ``render`` does.
    """
    from reports.render import write_all

    rows = _rows(folder)
    areas = list(dict.fromkeys(area for row in rows if row.run for area in row.run.areas))
    return write_all(folder, {INDEX: _page(rows, areas), SUMMARY: _summary(rows, areas)})


def _rows(folder: Path) -> list[Row]:
    path = folder / FLEET
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise FleetFileError(f"{path} is of schema {document['schema']!r}, not {SCHEMA}")
        return [_row(folder, entry) for entry in document["targets"]]
    except OSError as error:
        raise FleetFileError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise FleetFileError(f"{path} is not what a run with --targets writes") from error


def _row(folder: Path, entry: dict[str, Any]) -> Row:
    name, words = str(entry["name"]), clip(single_line(str(entry["words"])), _LONGEST_WORDS)
    code, seconds = int(entry["exit_code"]), float(entry["seconds"])
    run: Run | None = None
    try:
        run = load(folder / name / RECORD)
        found = answer(run)
    except RecordError as error:
        found = Answer(Outcome.INCOMPLETE, "Not judged", words or single_line(str(error)))
    if run is not None and words:
        found = Answer(Outcome.INCOMPLETE, "Cut short", words)
    return Row(name, code, seconds, found, run)


def _page(rows: list[Row], areas: list[str]) -> str:
    style = "\n".join(html.source(name) for name in ("report.css", "fleet.css"))
    return (
        html.environment()
        .get_template("fleet.html.j2")
        .render(
            rows=rows,
            areas=areas,
            signs=SIGNS,
            title=_headline(rows),
            style=Markup(style),  # nosec B704  # noqa: S704 -- our own files, as the policy needs
            policy=html.content_policy(style),
            outcome=_gravest(rows).value,
        )
    )


def _gravest(rows: list[Row]) -> Outcome:
    found = {row.answer.outcome for row in rows}
    order = (Outcome.VIOLATIONS, Outcome.INCOMPLETE, Outcome.INCONCLUSIVE, Outcome.KNOWN)
    return next((outcome for outcome in order if outcome in found), Outcome.CLEAN)


def _headline(rows: list[Row]) -> str:
    clean = sum(row.answer.outcome is Outcome.CLEAN for row in rows)
    return f"{clean} of {len(rows)} targets are clean"


def _summary(rows: list[Row], areas: list[str]) -> str:
    lines = [f"# Hallmark: {_headline(rows)}", ""]
    lines.append("| target | " + " | ".join(["outcome", *areas]) + " |")
    lines.append("| --- |" + " --- |" * (len(areas) + 1))
    for row in rows:
        cells = [_cell(row.cell(area)) for area in areas]
        words = [markdown.escape(row.name), markdown.escape(row.answer.headline), *cells]
        lines.append("| " + " | ".join(words) + " |")
    lacking = [row for row in rows if row.run is None or row.answer.outcome is Outcome.INCOMPLETE]
    if lacking:
        lines += ["", "## What was not judged, and why", ""]
    lines += [
        f"- {markdown.escape(row.name)}: {markdown.escape(row.answer.sentence)}" for row in lacking
    ]
    return "\n".join(lines) + "\n"


def _cell(cell: Cell | None) -> str:
    return "·" if cell is None else f"{cell.verdict.value} {cell.count}/{cell.of}"
