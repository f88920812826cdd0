"""The kill matrix: every mutant is judged by the suite, and must fail exactly what it names.

``python -m reference_server.mutants.matrix [--jobs 2] [--only NAME,…] [--out FILE]`` starts each
mutant as a real server on a port of its own, judges it in a subprocess, and writes one row a
mutant. The healthy server is judged first, and must fail nothing and leave nothing undecided.

``--benign`` judges the benign variants instead: the same server in other forms that every clause
permits, on which nothing may fail and every verdict must be that of the healthy server. What no
form of an answer can reach is left out.

Some requirements take longer than all others together, and are judged on the healthy server and
on the mutants that are likeliest to be seen by them. Time is judged on those that name a
requirement of TIME; what starts further programs (start-up, workers, verification, migration, the
official client, an audit) and what is merely long on those that name one of its area. ``--full``
judges all but TIME on every mutant.
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
from reference_server.errors import ConfigurationError
from reference_server.mutants.model import Benign
from reference_server.mutants.registry import all_benign, all_mutants, find_mutant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reference_server.mutants.model import Mutant

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "reports" / "out" / "kill-matrix.json"
BENIGN_RESULT = RESULT.with_name("benign-variants.json")
LONGEST_SECONDS = 300
TIMED = "TIME"
STARTING = {
    Channel.LAUNCH,
    Channel.WORKERS,
    Channel.TRAIL_VERIFIER,
    Channel.OFFICIAL_CLIENT,
    Channel.MIGRATION,
    Channel.AUDIT,
}
"""Channels by which a check starts further programs."""
FORMLESS = STARTING - {Channel.OFFICIAL_CLIENT}
"""Those of them that do not look at the form of an answer."""
ALSO_STARTING = {"ROT-09", "OPS-07"}
"""Requirements of which one check of several starts a program."""

LONG = {
    *("AUD-09", "AUD-14", "LOG-06", "MCP-12", "MCP-13", "MCP-16", "OAUTH-05", "OPS-06", "OPS-07"),
    *("RATE-01", "RATE-02", "RATE-06", "RLS-04", "RLS-08", "RLS-10", "RLS-12"),
}
"""Requirements that take two thirds of the time of those that start no program: they bring limits
down, fuzz, wait for locks, or try some hundred arguments."""


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


@dataclass(frozen=True)
class Case:
    """One server to judge: ``names`` must fail; ``lacks``, of a benign one, cannot be assessed.

    ``lacks`` is None for a mutant, of which nothing is demanded beside what it names. ``judged``
    are requirement ids; none stands for all. ``without`` are channels that are left unused.
    """

    name: str
    names: frozenset[str]
    lacks: frozenset[str] | None = None
    judged: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @classmethod
    def of(cls, mutant: Mutant, *, full: bool) -> Case:
        """Return the case of a mutant or of a benign variant."""
        lacks = mutant.lacks if isinstance(mutant, Benign) else None
        is_started = full or lacks is not None or mutant.bends_start or _names_a_start(mutant)
        without = () if is_started else tuple(sorted(STARTING))
        return cls(mutant.id, mutant.fails, lacks, _judged(mutant, without, full=full), without)

    def is_met(self, verdicts: Mapping[str, str]) -> bool:
        """Tell whether the verdicts are exactly those that this server must get."""
        if self.lacks is None:
            return failed_in(verdicts) == self.names
        others = {found for one, found in verdicts.items() if one not in self.lacks}
        return others == {"pass"} and all(verdicts.get(one) == "not assessed" for one in self.lacks)


HEALTHY = Case("healthy", frozenset(), frozenset())


def failed_in(verdicts: Mapping[str, str]) -> frozenset[str]:
    """Return the requirements that failed."""
    return frozenset(found for found, verdict in verdicts.items() if verdict == "fail")


def judge(case: Case) -> Kill:
    """Judge one mutant, one benign variant, or the healthy server, and compare."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hallmark-matrix-") as folder:
        command = [sys.executable, "-m", "pytest", "conformance", "-q", f"--report={folder}"]
        if case != HEALTHY:
            command += [f"--mutant={case.name}", f"--requirement={','.join(case.judged)}"]
        if case.without:
            command.append(f"--without={','.join(case.without)}")
        verdicts, error = _run(command, Path(folder) / "run.jsonl")
    undecided = sorted(
        found
        for found, verdict in verdicts.items()
        if verdict == "inconclusive"
        or (verdict == "not assessed" and not case.without and found not in (case.lacks or ()))
    )
    exact = not error and bool(verdicts) and case.is_met(verdicts)
    seconds = round(time.monotonic() - started, 1)
    failed = sorted(failed_in(verdicts))
    return Kill(case.name, sorted(case.names), failed, exact, seconds, undecided, error)


def _judged(mutant: Mutant, without: Sequence[str], *, full: bool) -> tuple[str, ...]:
    """Return the ids of the requirements that a mutant is judged by."""
    known = requirements()
    areas = {known[name].area for name in mutant.fails}

    def is_judged(name: str) -> bool:
        entry = known[name]
        if set(without).intersection(entry.needs):
            return False
        if entry.area == TIMED:
            return TIMED in areas
        if isinstance(mutant, Benign):
            return full or FORMLESS.isdisjoint(entry.needs)
        if full or entry.area in areas:
            return True
        return name not in LONG and STARTING.isdisjoint(entry.needs)

    return tuple(filter(is_judged, known))


def _names_a_start(mutant: Mutant) -> bool:
    """Tell whether a mutant names what is seen, or seen as well, by starting a program."""
    known = requirements()
    return any(
        name in ALSO_STARTING or not STARTING.isdisjoint(known[name].needs) for name in mutant.fails
    )


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
    parser.add_argument("--out", type=Path, help="where the table is written")
    parser.add_argument("--full", action="store_true", help="every requirement but TIME, always")
    parser.add_argument("--benign", action="store_true", help="judge the benign variants instead")
    arguments = parser.parse_args(words)
    chosen = [find_mutant(name) for name in arguments.only.split(",") if name]
    kills = _judge_all(
        _plan(chosen, is_benign=arguments.benign, full=arguments.full), arguments.jobs
    )
    whole = BENIGN_RESULT if arguments.benign else RESULT
    out = arguments.out or (None if chosen else whole)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps([asdict(kill) for kill in kills], indent=1) + "\n")
    exact = sum(kill.exact for kill in kills)
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
    """Judge ``jobs`` servers at once; the healthy one, whose time must pass, first and alone."""
    first = [_judge_and_tell(case) for case in plan if case == HEALTHY]
    with ThreadPoolExecutor(jobs) as pool:
        return first + list(pool.map(_judge_and_tell, (case for case in plan if case != HEALTHY)))


def _judge_and_tell(case: Case) -> Kill:
    kill = judge(case)
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
