"""Judges the reference server again and again: a check that fails once in many runs is our bug.

``python -m conformance.run.soak [--area=AUTH,RLS]`` runs the suite ``HALLMARK_SOAK`` times in a
row (10 if that is unset), each time against a server started afresh, and prints a line a run. It
ends with 1 unless every requirement passed in every run, and names each run, requirement and
verdict that did not. The records stay in ``reports/out/soak``. How long one run goes on reading is
another thing: ``--soak=MINUTES``, an option of the judge.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.catalogue import areas, requirements
from conformance.model import RECORD, Verdict
from conformance.record.errors import RecordError
from conformance.record.reading import load
from conformance.text.plain import powerless

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).parents[2]
RECORDS = ROOT / "reports" / "out" / "soak"
VARIABLE = "HALLMARK_SOAK"
RUNS = 10
LONGEST_SECONDS = 1800
BROKEN, USAGE = 1, 2
WHOLE_RUN = "the run"
_REASON = 160


@dataclass(frozen=True)
class Blemish:
    """What was not as it must be: a requirement's verdict, or the run as a whole."""

    requirement: str
    verdict: str
    reason: str = ""

    def __str__(self) -> str:
        """Tell it in a line."""
        reason = " ".join(self.reason.split())[:_REASON]
        return f"{self.requirement} {self.verdict}" + (f": {reason}" if reason else "")


def blemishes(record: Path, expected: Iterable[str]) -> list[Blemish]:
    """Return what a run's record tells beside passes; nothing when all that is expected passed."""
    if not record.exists():
        return [Blemish(WHOLE_RUN, "left no record")]
    try:
        run = load(record)
    except RecordError as error:
        return [Blemish(WHOLE_RUN, "left a record that cannot be read", str(error))]
    judged = {finding.id for finding in run.findings}
    result = [
        Blemish(finding.id, finding.verdict, finding.reason)
        for finding in run.findings
        if finding.verdict is not Verdict.PASS
    ]
    result += [Blemish(name, "got no verdict") for name in expected if name not in judged]
    if run.footer is None:
        result.append(Blemish(WHOLE_RUN, "was cut short", "its record has no footer"))
    return result


def spread(seconds: Sequence[float]) -> str:
    """Return the shortest, the median and the longest of some times in seconds."""
    median = statistics.median(seconds)
    return f"min {min(seconds):.1f} s, median {median:.1f} s, max {max(seconds):.1f} s"


def runs_asked(told: str | None) -> int:
    """Return how many runs the environment asks for. ValueError when it is no count."""
    if told is None or not told.strip():
        return RUNS
    if not told.strip().isdecimal() or int(told) < 1:
        raise ValueError(f"{VARIABLE}={told!r}: set it to a number of runs, 1 or more")
    return int(told)


def main(words: list[str] | None = None) -> int:
    """Run the suite so many times; 0 when everything passed, 1 otherwise, 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m conformance.run.soak", description=__doc__)
    parser.add_argument("--area", default="", help="only these areas, separated by commas")
    chosen = [area for area in parser.parse_args(words).area.split(",") if area]
    try:
        count = runs_asked(os.environ.get(VARIABLE))
    except ValueError as error:
        parser.error(str(error))
    if unknown := set(chosen) - set(areas()):
        parser.error(f"--area: there is no area {', '.join(sorted(unknown))}")
    shutil.rmtree(RECORDS, ignore_errors=True)
    results = [_run(number, count, chosen) for number in range(1, count + 1)]
    bad = sum(not is_clean for _, is_clean in results)
    times = spread([seconds for seconds, _ in results])
    _say(f"{count - bad} clean, {bad} not; {times}")
    return BROKEN if bad else 0


def _run(number: int, count: int, chosen: Sequence[str]) -> tuple[float, bool]:
    """Judge once; return the seconds it took and whether everything passed."""
    folder = RECORDS / f"run-{number:03}"
    started = time.monotonic()
    found = _judge(folder, chosen)
    seconds = time.monotonic() - started
    _say(f"run {number} of {count}: {'not clean' if found else 'clean'}, {seconds:.1f} s")
    for blemish in found:
        _say(f"  run {number}: {blemish}")
    return seconds, not found


def _judge(folder: Path, chosen: Sequence[str]) -> list[Blemish]:
    command = [sys.executable, "-m", "pytest", "conformance", "-q", f"--report={folder}"]
    command += [f"--area={','.join(chosen)}"] if chosen else []
    try:
        done = subprocess.run(  # noqa: S603 -- our own suite
            command, cwd=ROOT, capture_output=True, timeout=LONGEST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return [Blemish(WHOLE_RUN, "did not end", f"within {LONGEST_SECONDS} s")]
    expected = [entry.id for entry in requirements().values() if not chosen or entry.area in chosen]
    found = blemishes(folder / RECORD, expected)
    if done.returncode and not found:
        words = (done.stdout + done.stderr).decode("utf-8", "replace").strip().splitlines()
        found.append(
            Blemish(WHOLE_RUN, f"ended with {done.returncode}", words[-1] if words else "")
        )
    return found


def _say(line: str) -> None:
    sys.stdout.write(f"{powerless(line)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
