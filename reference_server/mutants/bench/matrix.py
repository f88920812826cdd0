"""The kill matrix: every mutant is judged by the suite, and must fail exactly what it names.

``python -m reference_server.mutants.matrix [--jobs 5] [--only NAME,…] [--out FILE]`` serves each
mutant on a port of its own, judges it from another process, and writes one row a mutant. The
healthy server comes first, and must fail nothing and leave nothing undecided.

Each is judged by the areas that it names and those of the part that it bends; by all but TIME with
``--full``, which is what ``--only`` does unless ``--own`` is given. More is told in ``cases``.

``--cover`` judges only as many mutants as it takes to see every requirement fail once, and
``--rest`` all others, each in the same way as the whole matrix does; the healthy server is left to
the main job.

``--benign`` judges the benign variants instead: the same server in other forms that every clause
permits, on which nothing may fail and every verdict must be that of the healthy server. What no
form of an answer can reach is left out.
"""

from __future__ import annotations

import argparse
import json
import queue
import resource
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from reference_server.core.errors import ConfigurationError
from reference_server.mutants.bench.bench import Bench
from reference_server.mutants.bench.cases import HEALTHY, Case, beside_cover, covering
from reference_server.mutants.bench.kill import Kill, price
from reference_server.mutants.bench.registry import all_benign, all_mutants, find_mutant
from reference_server.mutants.model import Benign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reference_server.mutants.model import Mutant

RESULT = Path(__file__).parents[3] / "reports" / "out" / "kill-matrix.json"
JOBS = 5
"""A row waits for half its time or more: five keep two cores busy."""
BENIGN_RESULT = RESULT.with_name("benign-variants.json")
COVER_RESULT = RESULT.with_name("kill-cover.json")
REST_RESULT = RESULT.with_name("kill-rest.json")


def main(words: list[str] | None = None) -> int:
    """Judge all mutants; 0 when every one was killed by exactly what it names."""
    parser = _parser()
    arguments = parser.parse_args(words)
    try:
        chosen = [find_mutant(name) for name in arguments.only.split(",") if name]
        _require_kind(chosen, is_benign=arguments.benign)
    except ConfigurationError as error:
        parser.error(f"--only: {error}")
    if arguments.benign and (arguments.cover or arguments.rest):
        parser.error("--benign: a variant fails nothing, so that none can stand for others")
    if arguments.out is not None and arguments.out.is_dir():
        parser.error(f"--out: {arguments.out} is a folder: name a file")
    is_full = arguments.full or (bool(chosen) and not arguments.own)
    plan = _plan(chosen, is_benign=arguments.benign, full=is_full)
    whole = BENIGN_RESULT if arguments.benign else RESULT
    if arguments.cover:
        plan, whole = covering(plan), COVER_RESULT
    elif arguments.rest:
        plan, whole = beside_cover(plan), REST_RESULT
    started = time.monotonic()
    kills = _judge_all(plan, arguments.jobs)
    out = arguments.out or (None if chosen else whole)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps([asdict(kill) for kill in kills], indent=1) + "\n")
    exact = sum(kill.exact for kill in kills)
    for kill in kills:
        if not kill.exact:
            sys.stdout.write(kill.told())
    sys.stdout.write(f"{exact} passed, {len(kills) - exact} failed\n")
    sys.stdout.write(price(kills, _spent(), time.monotonic() - started))
    return 0 if exact == len(kills) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reference_server.mutants.matrix",
        description="Judge every mutant: each must fail exactly the requirements it names.",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=JOBS,
        help="how many to judge at once (default %(default)s)",
    )
    parser.add_argument("--out", type=Path, help="file for the table")
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument(
        "--full", action="store_true", help="judge by every requirement except TIME"
    )
    extent.add_argument(
        "--own",
        action="store_true",
        help="judge by their own areas only; the default without --only",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--only", default="", help="judge only these, separated by commas")
    which.add_argument(
        "--cover",
        action="store_true",
        help="judge only as many as make every requirement fail once",
    )
    which.add_argument("--rest", action="store_true", help="judge all that --cover leaves")
    parser.add_argument(
        "--benign", action="store_true", help="judge the benign variants instead: nothing may fail"
    )
    return parser


def _require_kind(chosen: Sequence[Mutant], *, is_benign: bool) -> None:
    """Raise ConfigurationError when a mutant was chosen as a benign variant, or the reverse."""
    for mutant in chosen:
        if isinstance(mutant, Benign) != is_benign:
            raise ConfigurationError(
                f"{mutant.id} is judged {'without' if is_benign else 'with'} --benign."
            )


def _plan(chosen: Sequence[Mutant], *, is_benign: bool, full: bool) -> list[Case]:
    if chosen:
        return [Case.of(mutant, full=full) for mutant in chosen]
    if is_benign:
        return [Case.of(variant, full=full) for variant in all_benign().values()]
    return [HEALTHY, *(Case.of(mutant, full=full) for mutant in all_mutants().values())]


def _judge_all(plan: Sequence[Case], jobs: int) -> list[Kill]:
    """Judge ``jobs`` servers at once, and those of time last, each alone.

    Interrupted, be it by SIGTERM, it ends all that it has started.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    idle: queue.SimpleQueue[Bench] = queue.SimpleQueue()

    def judged(case: Case) -> Kill:
        bench = idle.get()
        try:
            return _judge_and_tell(bench, case)
        finally:
            idle.put(bench)

    together = [case for case in plan if not case.is_timed]
    alone = [case for case in plan if case.is_timed]
    with ExitStack() as stack:
        pool = ThreadPoolExecutor(jobs)
        for _ in range(jobs):
            idle.put(stack.enter_context(Bench()))
        # Before the benches close: what waits for one shall not begin then.
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        kills = list(pool.map(judged, together))
        return kills + [judged(case) for case in alone]


def _judge_and_tell(bench: Bench, case: Case) -> Kill:
    started = time.monotonic()
    judgement = bench.judge(case)
    kill = Kill.of(case, judgement, time.monotonic() - started)
    sys.stdout.write(kill.told())
    sys.stdout.flush()
    return kill


def _spent() -> float:
    """Return the CPU seconds of this process and of all that it has waited for."""
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(found.ru_utime + found.ru_stime for found in used)


if __name__ == "__main__":
    sys.exit(main())
