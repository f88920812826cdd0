"""The kill matrix: every mutant is judged by the suite, and must fail exactly what it names.

``python -m reference_server.mutants.matrix [--jobs 2] [--only NAME,…] [--out FILE]`` starts each
mutant as a real server on a port of its own, judges it in a subprocess, and writes one row a
mutant. The healthy server is judged first, and must fail nothing and leave nothing undecided.

Two kinds of requirements take longer than all others together, and are judged on the healthy
server and on the mutants they could see: time on those that name a requirement of TIME, and what
starts further processes (start-up, several workers, verification) on those that name such a
requirement or bend how a server starts. ``--full`` judges the latter on every mutant.
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
from typing import TYPE_CHECKING

from conformance.catalogue import requirements
from conformance.model import Channel
from reference_server.mutants.registry import all_mutants, find_mutant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.model import Requirement
    from reference_server.mutants.model import Mutant

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "reports" / "out" / "kill-matrix.json"
LONGEST_SECONDS = 300
HEALTHY = "healthy"
TIMED = "TIME"
STARTING = {Channel.LAUNCH, Channel.WORKERS, Channel.TRAIL_VERIFIER}
"""What a requirement needs that starts further processes."""


@dataclass(frozen=True)
class Kill:
    """One row: what the mutant names, what failed, and whether the two are the same."""

    name: str
    names: list[str]
    failed: list[str]
    exact: bool
    seconds: float
    undecided: list[str]
    error: str = ""


def judge(name: str, names: frozenset[str], judged: Sequence[str] = ()) -> Kill:
    """Judge one mutant, or the healthy server, and compare; ``judged`` are requirement ids."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hallmark-matrix-") as folder:
        command = [sys.executable, "-m", "pytest", "conformance", "-q", f"--report={folder}"]
        if name != HEALTHY:
            command += [f"--mutant={name}", f"--requirement={','.join(judged)}"]
        verdicts, error = _run(command, Path(folder) / "run.jsonl")
    failed = sorted(found for found, verdict in verdicts.items() if verdict == "fail")
    undecided = sorted(found for found, verdict in verdicts.items() if verdict == "inconclusive")
    exact = not error and bool(verdicts) and failed == sorted(names)
    if name == HEALTHY:
        exact = exact and set(verdicts.values()) == {"pass"}
    seconds = round(time.monotonic() - started, 1)
    return Kill(name, sorted(names), failed, exact, seconds, undecided, error)


def _judged(mutant: Mutant, *, full: bool) -> list[str]:
    """Return the ids of the requirements that a mutant is judged by."""
    known = requirements()
    is_timed = any(known[name].area == TIMED for name in mutant.fails)
    is_started = full or mutant.bends_start or any(_starts(known[name]) for name in mutant.fails)
    return [
        name
        for name, entry in known.items()
        if (is_timed or entry.area != TIMED) and (is_started or not _starts(entry))
    ]


def _starts(entry: Requirement) -> bool:
    return not STARTING.isdisjoint(entry.needs)


def _run(command: list[str], record: Path) -> tuple[dict[str, str], str]:
    try:
        done = subprocess.run(  # noqa: S603 -- our own suite
            command, cwd=ROOT, capture_output=True, timeout=LONGEST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return {}, f"not judged within {LONGEST_SECONDS} s"
    if not record.exists():
        words = (done.stderr + done.stdout).decode("utf-8", "replace").strip().splitlines()
        return {}, words[-1] if words else f"exit code {done.returncode}"
    lines = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
    if lines[-1]["kind"] != "footer":
        return {}, "the run was cut short"
    found = {line["id"]: line["verdict"] for line in lines if line["kind"] == "finding"}
    return found, ""


def main(words: list[str] | None = None) -> int:
    """Judge all mutants; 0 when every one was killed by exactly what it names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="mutants judged at once (default 2)")
    parser.add_argument("--only", default="", help="names of mutants, separated by commas")
    parser.add_argument("--out", type=Path, default=RESULT, help="where the table is written")
    parser.add_argument("--full", action="store_true", help="every requirement but TIME, always")
    arguments = parser.parse_args(words)
    chosen = [find_mutant(name) for name in arguments.only.split(",") if name]
    mutants = chosen or list(all_mutants().values())
    plan: list[tuple[str, frozenset[str], list[str]]] = []
    if not chosen:
        plan.append((HEALTHY, frozenset(), []))
    plan += [(mutant.id, mutant.fails, _judged(mutant, full=arguments.full)) for mutant in mutants]
    with ThreadPoolExecutor(arguments.jobs) as pool:
        kills = list(pool.map(_judge_and_tell, plan))
    if not chosen or arguments.out != RESULT:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps([asdict(kill) for kill in kills], indent=1) + "\n")
    exact = sum(kill.exact for kill in kills)
    sys.stdout.write(f"{exact} passed, {len(kills) - exact} failed\n")
    return 0 if exact == len(kills) else 1


def _judge_and_tell(entry: tuple[str, frozenset[str], list[str]]) -> Kill:
    kill = judge(*entry)
    word = "exact" if kill.exact else "WRONG"
    names = ",".join(kill.names) or "nothing"
    failed = ",".join(kill.failed) or "nothing"
    undecided = f" undecided {','.join(kill.undecided)}" if kill.undecided else ""
    sys.stdout.write(
        f"{word} {kill.name}: names {names}; failed {failed};{undecided} {kill.error}"
        f" {kill.seconds} s\n"
    )
    sys.stdout.flush()
    return kill


if __name__ == "__main__":
    sys.exit(main())
