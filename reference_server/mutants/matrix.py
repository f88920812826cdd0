"""The kill matrix: every mutant is judged by the suite, and must fail exactly what it names.

``python -m reference_server.mutants.matrix [--jobs 2] [--only NAME,…] [--out FILE]`` starts each
mutant as a real server on a port of its own, judges it in a subprocess, and writes one row a
mutant. The healthy server is judged first, and must fail nothing and leave nothing undecided.

``--cover`` judges only as many mutants as it takes to see every requirement fail once.

``--benign`` judges the benign variants instead: the same server in other forms that every clause
permits, on which nothing may fail and every verdict must be that of the healthy server. What no
form of an answer can reach is left out.

By which requirements each is judged is told in ``cases``; ``--full`` judges by all but TIME.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reference_server.errors import ConfigurationError
from reference_server.mutants.cases import HEALTHY, Case, covering, failed_in
from reference_server.mutants.model import Benign
from reference_server.mutants.registry import all_benign, all_mutants, find_mutant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reference_server.mutants.model import Mutant

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "reports" / "out" / "kill-matrix.json"
BENIGN_RESULT = RESULT.with_name("benign-variants.json")
LONGEST_SECONDS = 600
LONGEST_REASON = 400
LAST_LINES = 12
"""How much is told of what a run printed that wrote no whole record."""


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
        line = "; ".join((*words, f"{self.seconds} s"))
        return "\n    ".join((line, *self.surprises)) + "\n"


def judge(case: Case) -> Kill:
    """Judge one mutant, one benign variant, or the healthy server, and compare."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hallmark-matrix-") as folder:
        command = [sys.executable, "-m", "pytest", "conformance", "-q", f"--report={folder}"]
        command.append(f"--requirement={','.join(case.judged)}")
        if case is not HEALTHY:
            command.append(f"--mutant={case.name}")
        if case.without:
            command.append(f"--without={','.join(case.without)}")
        findings, error = _run(command, Path(folder) / "run.jsonl")
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
    seconds = round(time.monotonic() - started, 1)
    failed = sorted(failed_in(verdicts))
    surprising = () if exact else tuple(surprises(case, findings))
    return Kill(
        case.name, sorted(case.names), failed, exact, seconds, undecided, checks, error, surprising
    )


def surprises(case: Case, findings: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield a line for each requirement of another verdict than it must get, with its reason."""
    for finding in findings:
        name, verdict = finding["id"], finding["verdict"]
        if not case.is_met_by(name, verdict):
            reason = " ".join(finding["reason"].split())[:LONGEST_REASON]
            yield f"{name} {verdict}: {reason}"


def _run(command: list[str], record: Path) -> tuple[list[dict[str, Any]], str]:
    """Return what was found of each requirement, or nothing and why."""
    try:
        done = subprocess.run(  # noqa: S603 -- our own suite
            command, cwd=ROOT, capture_output=True, timeout=LONGEST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return [], f"not judged within {LONGEST_SECONDS} s"
    lines: list[dict[str, Any]] = []
    if record.exists():
        lines = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
    if not lines or lines[-1]["kind"] != "footer":
        words = (done.stdout + done.stderr).decode("utf-8", "replace").strip().splitlines()
        return [], " / ".join((f"cut short with exit code {done.returncode}", *words[-LAST_LINES:]))
    return [line for line in lines if line["kind"] == "finding"], ""


def main(words: list[str] | None = None) -> int:
    """Judge all mutants; 0 when every one was killed by exactly what it names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="mutants judged at once (default 2)")
    parser.add_argument("--only", default="", help="names of mutants, separated by commas")
    parser.add_argument("--out", type=Path, help="where the table is written")
    parser.add_argument("--full", action="store_true", help="every requirement but TIME, always")
    parser.add_argument("--cover", action="store_true", help="enough to fail every requirement")
    parser.add_argument("--benign", action="store_true", help="judge the benign variants instead")
    arguments = parser.parse_args(words)
    try:
        chosen = [find_mutant(name) for name in arguments.only.split(",") if name]
    except ConfigurationError as error:
        parser.error(f"--only: {error}")
    if arguments.out is not None and arguments.out.is_dir():
        parser.error(f"--out: {arguments.out} is a folder: name a file")
    plan = _plan(chosen, is_benign=arguments.benign, full=arguments.full)
    if arguments.cover:
        plan = [case for case in plan if case is HEALTHY] + covering(plan)
    kills = _judge_all(plan, arguments.jobs)
    whole = BENIGN_RESULT if arguments.benign else RESULT
    out = arguments.out or (None if chosen else whole)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps([asdict(kill) for kill in kills], indent=1) + "\n")
    exact = sum(kill.exact for kill in kills)
    for kill in kills:
        if not kill.exact:
            sys.stdout.write(kill.told())
    sys.stdout.write(f"{exact} passed, {len(kills) - exact} failed\n")
    return 0 if exact == len(kills) else 1


def _plan(chosen: Sequence[Mutant], *, is_benign: bool, full: bool) -> list[Case]:
    """Return what to judge; ConfigurationError when a mutant was chosen as a benign variant."""
    for mutant in chosen:
        if isinstance(mutant, Benign) != is_benign:
            raise ConfigurationError(
                f"{mutant.id} is judged {'without' if is_benign else 'with'} --benign."
            )
    if chosen:
        return [Case.of(mutant, full=full) for mutant in chosen]
    if is_benign:
        return [Case.of(variant, full=full) for variant in all_benign().values()]
    return [HEALTHY, *(Case.of(mutant, full=full) for mutant in all_mutants().values())]


def _judge_all(plan: Sequence[Case], jobs: int) -> list[Kill]:
    """Judge ``jobs`` servers at once; the healthy one first, and those of time last, alone."""
    first = [_judge_and_tell(case) for case in plan if case is HEALTHY]
    others = [case for case in plan if case is not HEALTHY]
    with ThreadPoolExecutor(jobs) as pool:
        found = list(pool.map(_judge_and_tell, (case for case in others if not case.is_timed)))
    return first + found + [_judge_and_tell(case) for case in others if case.is_timed]


def _judge_and_tell(case: Case) -> Kill:
    kill = judge(case)
    sys.stdout.write(kill.told())
    sys.stdout.flush()
    return kill


if __name__ == "__main__":
    sys.exit(main())
