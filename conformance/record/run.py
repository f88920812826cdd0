"""One run as its record has it: what was judged, what was found, how it ended."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.model import Finding, Verdict

if TYPE_CHECKING:
    from datetime import datetime

SCHEMA = 1
"""The version of the record's form."""


@dataclass(frozen=True)
class Header:
    """What was judged, and with what. ``profile_digest`` is None without a profile.

    ``revision_set`` names the frozen list of requirements that was judged, if it was one.
    ``was_disguised`` tells that the judge looked like a common client.
    """

    target_name: str
    target_url: str
    profile_digest: str | None
    revisions: tuple[str, ...]
    started: datetime
    tools: tuple[tuple[str, str], ...]
    command: tuple[str, ...]
    revision_set: str | None = None
    was_disguised: bool = False


@dataclass(frozen=True)
class Footer:
    """How the run ended, by its own account."""

    ended: datetime
    exit_code: int


@dataclass(frozen=True)
class Run:
    """One run, findings in the order of the catalogue."""

    header: Header
    findings: tuple[Finding, ...]
    footer: Footer | None

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many requirements have each verdict, zeros included."""
        found = Counter(finding.verdict for finding in self.findings)
        return {verdict: found[verdict] for verdict in Verdict}

    @property
    def areas(self) -> dict[str, tuple[Finding, ...]]:
        """The findings of each area, areas in the order they appear."""
        grouped: dict[str, list[Finding]] = {}
        for finding in self.findings:
            grouped.setdefault(finding.area, []).append(finding)
        return {area: tuple(found) for area, found in grouped.items()}

    @property
    def seconds(self) -> float | None:
        """How long the run took by the clock on the wall; None when it has no end."""
        if self.footer is None:
            return None
        return (self.footer.ended - self.header.started).total_seconds()

    def having(self, verdict: Verdict) -> tuple[Finding, ...]:
        """Return the findings with this verdict."""
        return tuple(finding for finding in self.findings if finding.verdict is verdict)

    @property
    def violations(self) -> tuple[Finding, ...]:
        """The failures that count, the gravest first.

        Not those that the profile knows of, nor those that are advice.
        """
        failed = self.having(Verdict.FAIL)
        counted = (one for one in failed if not one.is_known_failure and not one.is_advice)
        return tuple(sorted(counted, key=lambda finding: finding.gravity))

    @property
    def advice(self) -> tuple[Finding, ...]:
        """The failures of an impact too low to fail the run, the gravest first."""
        found = (finding for finding in self.findings if finding.is_advice)
        return tuple(sorted(found, key=lambda finding: finding.gravity))

    @property
    def known_failures(self) -> tuple[Finding, ...]:
        """The failures that the profile knows of."""
        return tuple(finding for finding in self.findings if finding.is_known_failure)

    @property
    def unexpected_passes(self) -> tuple[Finding, ...]:
        """What passes though the profile knows it as a failure."""
        return tuple(finding for finding in self.findings if finding.is_unexpected_pass)
