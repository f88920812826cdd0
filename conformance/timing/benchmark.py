"""How often leaks of known size are found, and how often one is found where there is none.

``python -m conformance.timing.benchmark [--runs 20] [--leaks 0,50,100,1000/10] [--blocks 1000]
[--seconds 30] [--out DIR] [--targets NAMES]`` starts the reference server, on its own database,
with a door through which a request names the delay of its refusal. Each run is one measurement as a
check makes it; the other rules then judge the same samples. A leak is written ``microseconds`` or,
for a delay in one request of ``n``, ``microseconds/n``; 0 is no leak. Writes ``benchmark.json`` and
``benchmark.svg``.

With ``--targets loop,pool,split,…`` or ``all`` it measures servers of those shapes instead, prints
a table of what was said of each leak, and ends with 1 if any of it was false. ``--autogroup both``
does so with and without the kernel's grouping by session, which it puts back.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.channels.programs.running import start
from conformance.profile.target import Start
from conformance.timing.aid import helped
from conformance.timing.apart import apart
from conformance.timing.measure import TooFewError, measure
from conformance.timing.plot import Panel, draw
from conformance.timing.rivals import RIVALS
from conformance.timing.shapes.planting import NAMES, Leak, addresses, planting
from conformance.timing.shapes.table import SHAPES, Effort, Shape, tabulate
from conformance.timing.statistics import Rule
from conformance.timing.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from conformance.channels.programs.running import RunningTarget
    from conformance.timing.verdict import Measurement

ROOT = Path(__file__).parents[2]
SERVER = (
    "{python}",
    "-m",
    "reference_server.mutants.time.planted",
    "--state",
    "{state}",
    "--port",
    "0",
)
OURS = "this rule"
_FRESH_SERVER_AFTER = 25
"""Rounds after which the server is replaced: it remembers every address for an hour."""


@dataclass(frozen=True)
class Run:
    """One measurement: what the rule said and when, and at which sample sizes each rule alarmed."""

    outcome: str
    blocks: int
    seconds: float
    shift: tuple[float, float, float]
    median: float
    alarms: dict[str, dict[int, bool]]


@dataclass
class Series:
    """All runs with one leak."""

    leak: Leak
    runs: list[Run] = field(default_factory=list[Run])

    def shares(self) -> dict[str, dict[int, float]]:
        """Return, by rule and sample size, the share of runs that alarmed."""
        return {
            rule: {
                size: sum(run.alarms[rule][size] for run in self.runs) / len(self.runs)
                for size in sizes
            }
            for rule, sizes in self.runs[0].alarms.items()
        }

    def summary(self) -> dict[str, Any]:
        """Return counts of outcomes, and the spread of what they took."""
        outcomes = {
            outcome.value: sum(run.outcome == outcome.value for run in self.runs)
            for outcome in Outcome
        }
        return {
            "leak": str(self.leak),
            "runs": len(self.runs),
            "outcomes": outcomes,
            "seconds": _spread([run.seconds for run in self.runs]),
            "blocks": _spread([run.blocks for run in self.runs]),
            "effect": _spread([run.shift[1] for run in self.runs]),
            "median": _spread([run.median for run in self.runs]),
            "alarmed": self.shares(),
        }


class Bench:
    """Measures against one server; ``address`` never gives the same one twice."""

    def __init__(
        self,
        running: RunningTarget,
        address: Callable[[], str],
        seconds: float,
        blocks: int,
    ) -> None:
        self._url = json.loads(running.state.read_text("utf-8"))["url"]
        self._started, self._address, self._seconds = running.session, address, seconds
        self._rule = Rule()
        self._sizes = [look for look in self._rule.looks if look <= blocks]

    def run(self, leak: Leak) -> Run:
        """Measure as a check does, then sample on for the rules that do not stop early."""
        sampler = planting(self._url, leak, self._address)
        sampler.collect(0)
        with helped(sampler, partial(apart, self._started), self._seconds / 4):
            found = measure(sampler, NAMES, self._rule, self._seconds)
            sampler.collect(self._sizes[-1])
        shift = found.last.pairs[0].shift
        return Run(
            outcome=found.outcome.value,
            blocks=found.last.blocks,
            seconds=round(found.seconds, 3),
            shift=(round(shift.low, 1), round(shift.effect, 1), round(shift.high, 1)),
            median=round(found.medians[NAMES[0]], 1),
            alarms=self._alarms(sampler.times, found),
        )

    def _alarms(self, times: NDArray[np.int64], found: Measurement) -> dict[str, dict[int, bool]]:
        alarmed_at = found.last.blocks if found.leaks else sys.maxsize
        alarms = {OURS: {size: alarmed_at <= size for size in self._sizes}}
        for name, rule in RIVALS.items():
            alarms[name] = {size: rule(times[:size, 1], times[:size, 0]) for size in self._sizes}
        return alarms


def benchmark(
    leaks: list[Leak], runs: int, blocks: int, seconds: float, tell: Callable[[str], object]
) -> list[Series]:
    """Make ``runs`` rounds of one measurement a leak, in turn, so that all share every drift."""
    series, supply = [Series(leak) for leak in leaks], addresses()
    done = 0
    while done < runs:
        running = start(Start(command=SERVER, ready_seconds=90), ROOT)
        try:
            bench = Bench(running, lambda: next(supply), seconds, blocks)
            for _ in range(min(_FRESH_SERVER_AFTER, runs - done)):
                done += 1
                for one in series:
                    _measure(bench, one, tell, done)
        finally:
            running.stop()
    return series


def _measure(bench: Bench, series: Series, tell: Callable[[str], object], number: int) -> None:
    try:
        run = bench.run(series.leak)
    except TooFewError as error:
        tell(f"run {number}, {series.leak}: {error}; left out\n")
        return
    series.runs.append(run)
    low, effect, high = run.shift
    tell(
        f"run {number}, {series.leak}: {run.outcome} after {run.blocks} blocks,"
        f" {run.seconds:.1f} s, shift {effect:+.0f} µs [{low:+.0f}, {high:+.0f}]\n"
    )


def main(words: list[str] | None = None) -> int:
    """Run the benchmark and write what it found."""
    parser = argparse.ArgumentParser(prog="python -m conformance.timing.benchmark")
    parser.description = __doc__
    parser.add_argument("--runs", type=int, default=20, help="measurements a leak (default 20)")
    parser.add_argument(
        "--leaks", type=_leaks, default="0,50,100,1000/10", help="sizes, in microseconds"
    )
    parser.add_argument("--blocks", type=int, default=1000, help="samples for the other rules")
    parser.add_argument("--seconds", type=float, default=30, help="the longest one may take")
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "out" / "timing")
    parser.add_argument("--targets", type=_targets, default=[], help="shapes of server, or all")
    parser.add_argument("--autogroup", choices=("as-is", "both"), default="as-is")
    given = parser.parse_args(words)
    if given.targets:
        table = tabulate(
            given.targets,
            given.leaks,
            Effort(given.runs, given.seconds, both=given.autogroup == "both"),
            sys.stderr.write,
        )
        sys.stdout.write(f"{table}\n")
        return int(table.is_false)
    before, started = os.getloadavg(), time.monotonic()
    series = benchmark(given.leaks, given.runs, given.blocks, given.seconds, sys.stderr.write)
    series = [one for one in series if one.runs]
    machine = {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "load before": before,
        "load after": os.getloadavg(),
        "seconds": round(time.monotonic() - started, 1),
    }
    _write(given.out, machine, series)
    for one in series:
        sys.stdout.write(json.dumps(one.summary(), ensure_ascii=False) + "\n")
    return 0


def _leaks(text: str) -> list[Leak]:
    try:
        return [Leak.parse(word) for word in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: write 50 or 1000/10, with commas") from None


def _targets(text: str) -> list[Shape]:
    names = list(SHAPES) if text == "all" else text.split(",")
    if unknown := [name for name in names if name not in SHAPES]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r}: there are {', '.join(SHAPES)}")
    return [SHAPES[name] for name in names]


def _write(folder: Path, machine: dict[str, Any], series: list[Series]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rule = Rule()
    document = {
        "machine": machine,
        "rule": asdict(rule),
        "summaries": [one.summary() for one in series],
        "runs": {str(one.leak): [asdict(run) for run in one.runs] for one in series},
    }
    text = json.dumps(document, ensure_ascii=False, indent=1)
    (folder / "benchmark.json").write_text(text + "\n", "utf-8")
    panels = [Panel(f"{one.leak} ({len(one.runs)} runs)", one.shares()) for one in series]
    if panels:
        title = "Share of runs in which a rule alarms"
        (folder / "benchmark.svg").write_text(draw(title, panels), "utf-8")


def _spread(values: list[float]) -> dict[str, float]:
    lowest, middle, high, most = (float(x) for x in np.quantile(values, (0, 0.5, 0.95, 1)))
    return {"least": lowest, "median": middle, "95 %": high, "most": most}


if __name__ == "__main__":
    sys.exit(main())
