"""A row of the kill matrix: what a mutant had to fail, what it failed, and what that cost."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from reference_server.mutants.bench.cases import failed_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reference_server.mutants.bench.bench import Judgement
    from reference_server.mutants.bench.cases import Case

LONGEST_REASON = 400


@dataclass(frozen=True)
class Kill:
    """One row: what the mutant names, what failed, and whether the two are the same."""

    name: str
    names: list[str]
    failed: list[str]
    exact: bool
    seconds: float
    undecided: list[str]
    checks: list[str]
    """The checks that failed."""
    error: str = ""
    surprises: tuple[str, ...] = ()
    """Of a row that is not exact: each requirement of another verdict than it must get, and why."""
    cpu: float = 0.0
    """What judge, server and database have spent, in seconds."""
    judged: int = 0
    """By how many requirements."""

    @classmethod
    def of(cls, case: Case, judgement: Judgement, seconds: float) -> Kill:
        """Return the row of a case: how its verdicts compare with those that it must get."""
        findings, error = judgement.findings, judgement.error
        verdicts = {finding["id"]: finding["verdict"] for finding in findings}
        checks = [
            check["name"]
            for finding in findings
            for check in finding["checks"]
            if check["verdict"] == "fail"
        ]
        undecided = sorted(
            found
            for found, verdict in verdicts.items()
            if verdict == "inconclusive"
            or (verdict == "not assessed" and not case.without and found not in (case.lacks or ()))
        )
        exact = not error and bool(verdicts) and case.is_met(verdicts)
        return cls(
            name=case.name,
            names=sorted(case.names),
            failed=sorted(failed_in(verdicts)),
            exact=exact,
            seconds=round(seconds, 1),
            undecided=undecided,
            checks=checks,
            error=error,
            surprises=() if exact else tuple(surprises(case, findings)),
            cpu=round(judgement.cpu, 2),
            judged=len(verdicts),
        )

    def told(self) -> str:
        """Return a line that is short where all is well, so that a log shows what is not."""
        names, failed = (",".join(found) or "nothing" for found in (self.names, self.failed))
        words = [f"exact {self.name}: {failed}"]
        if not self.exact:
            words = [f"WRONG {self.name}: names {names}", f"failed {failed}"]
        if self.undecided:
            words.append(f"undecided {','.join(self.undecided)}")
        if self.error:
            words.append(self.error)
        line = "; ".join((*words, f"{self.seconds} s, {self.cpu:.1f} of CPU"))
        return "\n    ".join((line, *self.surprises)) + "\n"


def surprises(case: Case, findings: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield a line for each requirement of another verdict than it must get, with its reason."""
    for finding in findings:
        name, verdict = finding["id"], finding["verdict"]
        if not case.is_met_by(name, verdict):
            reason = " ".join(finding["reason"].split())[:LONGEST_REASON]
            yield f"{name} {verdict}: {reason}"


def price(kills: Sequence[Kill], whole: float, seconds: float) -> str:
    """Return a line on what it took; ``whole`` are the CPU seconds of all, the start included."""
    spent = [kill.cpu for kill in kills]
    return (
        f"CPU seconds a row: {median(spent):.1f} in the median, {whole / len(spent):.1f} in the "
        f"mean with all that rows share; {whole:.0f} in all, in {seconds:.0f} s\n"
    )
