"""How much evidence a page holds: all of it as long as a browser opens the page at once.

The record keeps everything. Where it is more than a page should carry, requirements that did not
fail show fewer pieces each, and only then those that failed; the page says how many it left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import escape

from conformance.model import Role, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.model import Evidence, Finding
    from conformance.record.run import Run

MOST_BYTES = 1_200_000
"""Evidence of all requirements together, as markup."""
_LADDER = ((None, None), (None, 6), (None, 3), (None, 1), (6, 1), (3, 1), (1, 1), (1, 0), (0, 0))
"""Most exchanges to show, of a requirement that failed and of another; None for all."""


@dataclass(frozen=True)
class Shown:
    """The evidence of one requirement that is shown, and how many exchanges are not."""

    evidence: tuple[Evidence, ...]
    left_out: int


def fit(run: Run, most: int = MOST_BYTES) -> Mapping[str, Shown]:
    """Return what to show of each finding's evidence, by id; together at most ``most`` bytes.

    Only exchanges are left out: notes and figures are few, and say more.
    """
    chosen: dict[str, Shown] = {}
    for failed, other in _LADDER:
        chosen = {
            one.id: _first(one, failed if one.verdict is Verdict.FAIL else other)
            for one in run.findings
        }
        if sum(_size(item) for shown in chosen.values() for item in shown.evidence) <= most:
            break
    return chosen


def _first(finding: Finding, count: int | None) -> Shown:
    if count is None:
        return Shown(finding.evidence, 0)
    kept: list[Evidence] = []
    left = 0
    for item in finding.evidence:
        if item.kind != "exchange":
            kept.append(item)
        elif count or (item.role == Role.DECISIVE and finding.verdict is Verdict.FAIL):
            kept.append(item)
            count = max(0, count - 1)
        else:
            left += 1
    return Shown(tuple(kept), left)


def _size(item: Evidence) -> int:
    return len(escape(item.title + item.text).encode())
