"""What a profile says of verdicts beforehand: known failures, and what does not apply."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

from conformance.catalogue import areas, requirements
from conformance.model import Known, Standing, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from conformance.profile.target import Target


@dataclass(frozen=True)
class Trouble:
    """An entry of the profile that speaks of nothing, and a sentence that says so."""

    entry: str
    sentence: str


def trouble(target: Target) -> Trouble | None:
    """Return the first entry that names what the catalogue does not have, or contradicts another.

    Such an entry would excuse nothing, and nobody would notice.
    """
    for name in target.known_failures:
        entry = f"known_failures.{name}"
        if name not in requirements():
            return Trouble(entry, f"no such requirement{_meant(name, requirements())}")
        if target.inapplicable(name) is not None:
            return Trouble(entry, "stands under [not_applicable] as well; keep one of the two")
    known = {*requirements(), *areas()}
    for name in target.not_applicable:
        if name not in known:
            sentence = f"neither a requirement nor an area{_meant(name, known)}"
            return Trouble(f"not_applicable.{name}", sentence)
    return None


def today() -> date:
    """Return the day by which known failures are dated (UTC)."""
    return datetime.now(UTC).date()  # noqa: TID251 -- days of the calendar, by the wall clock


def known(target: Target, requirement_id: str, verdict: Verdict, day: date) -> Known | None:
    """Return what the profile knows of a failure, and how a verdict on a day stands to it."""
    entry = target.known_failures.get(requirement_id)
    if entry is None:
        return None
    standing = Standing.of(verdict, is_past=entry.until < day)
    return Known(entry.reason, entry.until.isoformat(), standing)


def _meant(name: str, names: Iterable[str]) -> str:
    near = get_close_matches(name.upper(), list(names), n=1)
    return f"; was {near[0]} meant?" if near else "; ids look like AUTH-01"
