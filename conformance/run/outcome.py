"""Gathers what the phases of one check told, and makes one result of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.model import CheckResult, Requirement, Verdict
from conformance.run.recorder import as_property
from conformance.verdicts import NotApplicableError, NotAssessedError, NotEstablishedError, judge

if TYPE_CHECKING:
    import pytest

    from conformance.channels.http.transcript import Transcript
    from conformance.text.redaction import Redactor

_LONGEST = 1500


class ItemOutcome:
    """The running outcome of one check."""

    def __init__(self, requirement: Requirement, name: str) -> None:
        self._requirement, self._name = requirement, name
        self._verdict: Verdict | None = None
        self._reason = self._seen = ""
        self._missing: tuple[str, ...] = ()
        self._seconds = 0.0
        self._applies = True
        self.transcript: Transcript | None = None

    def take(
        self, call: pytest.CallInfo[None], report: pytest.TestReport, redact: Redactor
    ) -> None:
        """Add one phase. The first phase that is not a pass decides."""
        self._seconds += report.duration
        error = call.excinfo.value if call.excinfo else None
        verdict = judge(call.when, error)
        if self._verdict not in (None, Verdict.PASS):
            return
        self._verdict = verdict
        if error is None:
            return
        text = redact(_explain(error, verdict))[:_LONGEST]
        self._reason = text if verdict is not Verdict.FAIL else sentence_of(text)
        self._seen = self._reason if verdict is Verdict.FAIL else ""
        self._applies = not isinstance(error, NotApplicableError)
        if isinstance(error, NotAssessedError):
            self._missing = tuple(channel.value for channel in error.missing)

    def as_property(self) -> str:
        """Return the result as a string, to cross from a worker to the controller."""
        verdict = self._verdict or Verdict.INCONCLUSIVE
        result = CheckResult(
            name=self._name,
            verdict=verdict,
            reason=self._reason,
            expected=self._requirement.clause if verdict is Verdict.FAIL else "",
            seen=self._seen,
            seconds=self._seconds,
            missing=self._missing,
            evidence=()
            if self.transcript is None
            else self.transcript.entries(is_violation=verdict is Verdict.FAIL),
            sent=dict(self.transcript.sent) if self.transcript else {},
            applies=self._applies,
        )
        return as_property(self._requirement.id, result)


def sentence_of(text: str) -> str:
    """Return what a check says, without the values behind its assertion, which pytest adds."""
    said, added, _ = text.partition("\nassert ")
    return said if added else text.partition("\n")[0]


def _explain(error: BaseException, verdict: Verdict) -> str:
    words = str(error).strip()
    if verdict is Verdict.INCONCLUSIVE:
        kind = type(error).__name__
        is_own = isinstance(error, NotEstablishedError)
        return words if is_own else f"{kind}: {words or 'no message'}"
    return words or type(error).__name__
