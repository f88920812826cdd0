"""Collects what the checks found and writes the run record: one JSON line a requirement."""

from __future__ import annotations

import json
import platform
import sys
from collections import defaultdict
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from conformance import __version__
from conformance.catalogue import areas, requirements
from conformance.model import (
    RECORD,
    UNDECIDED,
    VIOLATION,
    Channel,
    CheckResult,
    Finding,
    Requirement,
    Verdict,
)
from conformance.profile import expectations
from conformance.record import writing
from conformance.record.run import Footer, Header, Run

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.run.session import JudgeSession

PROPERTY = "hallmark"


class Recorder:
    """Takes check results by requirement; the order they come in does not matter."""

    def __init__(self, session: JudgeSession) -> None:
        self._session = session
        self._today = expectations.today()
        self._results: defaultdict[str, list[CheckResult]] = defaultdict(list)
        self.planned: set[str] = set()

    def take(self, requirement_id: str, result: CheckResult) -> None:
        """Add one check's result."""
        self.planned.add(requirement_id)
        self._results[requirement_id].append(result)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the result that the last report of each check carries (a pytest hook)."""
        for name, value in report.user_properties:
            if name == PROPERTY:
                self.take(*from_property(str(value)))

    def findings(self) -> list[Finding]:
        """Return a finding for every planned requirement: by area, in the order of the numbers."""
        places = {area: place for place, area in enumerate(areas())}
        planned = (entry for entry in requirements().values() if entry.id in self.planned)
        return [
            self._finding(entry)
            for entry in sorted(planned, key=lambda entry: (places[entry.area], entry.id))
        ]

    def _finding(self, entry: Requirement) -> Finding:
        unfinished = CheckResult("-", Verdict.INCONCLUSIVE, "no check of it ran to its end")
        target = self._session.target
        made = self._results.get(entry.id) or [unfinished]
        results = expectations.unknown_first(target, entry.id, made)
        known = expectations.known(target, entry.id, results, self._today)
        options = self._session.options
        return Finding.of(entry, results, options.rerun(entry.id), known, options.fail_on)

    def exit_code(self) -> int:
        """Return the exit code, 0, 1 or 6; a failure known of counts for nothing."""
        found = self.findings()
        verdicts = {finding.verdict for finding in found}
        if any(finding.fails_the_run for finding in found):
            return VIOLATION
        unseen = {Verdict.INCONCLUSIVE, Verdict.NOT_ASSESSED}
        required = self._session.options.required
        is_short = any(finding.verdict in unseen and finding.area in required for finding in found)
        return UNDECIDED if is_short or Verdict.INCONCLUSIVE in verdicts else 0

    def write(self, folder: Path, *, complete: bool, digest: str | None, started: datetime) -> Path:
        """Write the record; a run that was cut short gets no footer, so nobody calls it clean."""
        folder.mkdir(parents=True, exist_ok=True)
        footer = Footer(_now(), self.exit_code()) if complete else None
        run = Run(self._header(digest, started), tuple(self.findings()), footer)
        path = folder / RECORD
        writing.write(path, run, self._session.redactor)
        return path

    def _header(self, digest: str | None, started: datetime) -> Header:
        target = self._session.target
        return Header(
            target_name=target.target.name,
            target_url=target.url,
            profile_digest=digest,
            revisions=self._session.discovery.revisions,
            started=started,
            tools=(
                ("hallmark", __version__),
                ("python", platform.python_version()),
                ("pytest", pytest.__version__),
            ),
            command=("pytest", *sys.argv[1:]),
            revision_set=self._session.options.revision_set,
            was_disguised=self._session.options.is_disguised,
        )


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 -- a record is stamped by the wall clock


def started_now() -> datetime:
    """Return the time a run starts, for its header."""
    return _now()


def as_property(requirement_id: str, result: CheckResult) -> str:
    """Return a result in the form that crosses from a worker to the controller."""
    return json.dumps({"id": requirement_id, **asdict(result)})


def from_property(text: str) -> tuple[str, CheckResult]:
    """Read what ``as_property`` wrote."""
    found = json.loads(text)
    requirement_id = found.pop("id")
    found["verdict"] = Verdict(found["verdict"])
    found["missing"] = tuple(found["missing"])
    found["evidence"] = tuple(found["evidence"])
    return requirement_id, CheckResult(**found)


def unseen_reason(missing: tuple[Channel, ...]) -> str:
    """Say what would supply the channels a check lacks."""
    return "supply " + "; ".join(channel.supplied_by for channel in missing)
