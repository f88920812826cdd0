"""``report.html``: one file, no external resource, nothing in it that a target's words could run.

Jinja escapes every value; the content policy allows the one style and the one script below by
their hashes, so that markup which got through all the same would still be dead.
"""

from __future__ import annotations

import base64
import hashlib
import html
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from conformance.model import Verdict
from reports import admission, isolation, times
from reports.answer import Answer, answer, plural, supplies, undecided
from reports.references import resolve
from reports.sizing import fit
from reports.text import spans
from reports.tried import tried

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from conformance.model import Finding
    from conformance.record.run import Run
    from reports.kill_matrix import KillMatrix

TEMPLATES = Path(__file__).parent / "templates"
_ANSWERED = "\n\n→ "
_MINUTE = 60
_SLUGS = {
    Verdict.PASS: "pass",
    Verdict.FAIL: "fail",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.NOT_ASSESSED: "unassessed",
}


@dataclass(frozen=True)
class Area:
    """One area of the catalogue, with what was found in it."""

    id: str
    title: str
    findings: tuple[Finding, ...]

    @property
    def counts(self) -> tuple[tuple[Verdict, int], ...]:
        """How many of its requirements have each verdict."""
        verdicts = [finding.verdict for finding in self.findings]
        return tuple((verdict, verdicts.count(verdict)) for verdict in Verdict)


@dataclass(frozen=True)
class Share:
    """One verdict's part of the proportion bar, in units of the bar's width of 1000."""

    verdict: Verdict
    start: float
    width: float


def render(run: Run, matrix: KillMatrix | None = None, matrix_error: str = "") -> str:
    """Return the document. ``matrix_error`` says why a kill matrix that was there is not shown."""
    style, script = source("report.css"), source("report.js")
    overall = answer(run)
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            run=run,
            overall=overall,
            title=_title(run, overall),
            areas=[Area(area, found[0].area_title, found) for area, found in run.areas.items()],
            shares=_shares(run),
            supplies=supplies(run),
            undecided=undecided(run),
            tried=tried(run),
            evidence=fit(run),
            matrix=matrix,
            matrix_error=matrix_error,
            style=Markup(style),  # nosec B704  # noqa: S704 -- our own file, as the policy needs it
            script=Markup(script),  # nosec B704  # noqa: S704 -- likewise
            policy=content_policy(style, script),
            verdicts=list(Verdict),
            Verdict=Verdict,
        )
    )


def content_policy(style: str, script: str | None = None) -> str:
    """Return the content security policy under which only this style and this script count."""
    allowed = "'none'" if script is None else f"'{_digest(script)}'"
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_digest(style)}'",
            f"script-src {allowed}",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def environment() -> Environment:
    """Return what renders our templates: every value is escaped, and an unknown one an error."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(_filters())
    return environment


def _filters() -> dict[str, Callable[..., object]]:
    return {
        "slug": _SLUGS.__getitem__,
        "sides": _sides,
        "moment": _moment,
        "duration": _duration,
        "reference": resolve,
        "spans": spans,
        "admission": admission.figure,
        "isolation": isolation.matrix,
        "words": _words,
        "plural": plural,
        "times": times.figure,
        "text": _text,
    }


def _text(value: str) -> Markup:
    """Escape what stands between tags, where a quote ends nothing: it takes a fifth of the room."""
    return Markup(html.escape(value, quote=False))  # nosec B704  # noqa: S704 -- escaped here


def source(name: str) -> str:
    """Return the text of one of our own files, as the document and its policy have it."""
    return (TEMPLATES / name).read_text("utf-8").strip()


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _title(run: Run, overall: Answer) -> str:
    return f"{overall.headline}: {run.header.target_name}"


def _shares(run: Run) -> list[Share]:
    shares: list[Share] = []
    start = 0.0
    for verdict, count in run.counts.items():
        width = 1000 * count / max(1, len(run.findings))
        if count:
            shares.append(Share(verdict, round(start, 2), round(width, 2)))
        start += width
    return shares


def _sides(text: str) -> tuple[str, str]:
    """Split a transcript into what was sent and what came back."""
    sent, _, received = text.partition(_ANSWERED)
    return sent, received


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S %Z")


def _duration(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
    minutes, rest = divmod(round(seconds), _MINUTE)
    return f"{minutes} min {rest} s"


def _words(name: str) -> str:
    """Return a check's name as the sentence that it is."""
    return name.removeprefix("test_").replace("_", " ")
