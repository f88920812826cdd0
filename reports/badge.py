"""``badge.svg``: the overall answer for a README. It holds no text of the target's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.model import Verdict
from reports.answer import Outcome, advised, decide, plural

if TYPE_CHECKING:
    from conformance.record.run import Run

_LABEL = "hallmark"
# White text on each of these has a contrast of at least 4.5.
_COLOURS = {
    Outcome.CLEAN: "#2b6a45",
    Outcome.KNOWN: "#80560a",
    Outcome.VIOLATIONS: "#a3271d",
    Outcome.INCONCLUSIVE: "#80560a",
    Outcome.INCOMPLETE: "#565d68",
}
_LETTER, _PADDING = 6.1, 16  # pixels, at 11 px; textLength makes the estimate exact
_TEMPLATE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{name}">
<title>{name}</title>
<clipPath id="r"><rect width="{width}" height="20" rx="3"/></clipPath>
<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#33312e"/>\
<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">
<text x="8" y="14" textLength="{left_text}">{label}</text>
<text x="{message_x}" y="14" textLength="{right_text}">{message}</text>
</g>
</svg>
"""


def render(run: Run) -> str:
    """Return the badge as SVG."""
    outcome, message = decide(run), _message(run)
    left_text, right_text = round(len(_LABEL) * _LETTER), round(len(message) * _LETTER)
    left, right = left_text + _PADDING, right_text + _PADDING
    return _TEMPLATE.format(
        name=f"{_LABEL}: {message}",
        width=left + right,
        left=left,
        right=right,
        left_text=left_text,
        right_text=right_text,
        message_x=left + 8,
        label=_LABEL,
        message=message,
        colour=_COLOURS[outcome],
    )


def _message(run: Run) -> str:
    outcome, counts = decide(run), run.counts
    if outcome is Outcome.CLEAN:
        unseen = counts[Verdict.NOT_ASSESSED]
        passed = f"{counts[Verdict.PASS]} pass"
        return f"{passed}, {unseen} not assessed" if unseen else passed
    if outcome is Outcome.KNOWN:
        known = len(run.known_failures)
        return plural(known, "known failure") if known else advised(run)
    if outcome is Outcome.VIOLATIONS and run.violations:
        return plural(len(run.violations), "violation")
    return outcome.value
