"""Tells where the time of a run went: ``python -m conformance.run.profile_run [RECORD]``.

RECORD is a ``run.jsonl``, by default that of the latest run. One line a requirement, the dearest
first, and what is left of the run beside its checks: start, discovery, collection.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.model import RECORD, USAGE
from conformance.record.errors import RecordError
from conformance.record.reading import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.record.run import Run

LATEST = Path("reports/out/latest") / RECORD


def main(words: list[str] | None = None) -> int:
    """Print the table; 4 where there is no whole record."""
    parser = argparse.ArgumentParser(
        prog="python -m conformance.run.profile_run",
        description="Show where the time of a run went, the slowest requirement first.",
    )
    parser.add_argument(
        "record",
        type=Path,
        nargs="?",
        default=LATEST,
        metavar="RUN.jsonl",
        help="record of the run (default: the latest run's)",
    )
    arguments = parser.parse_args(words)
    try:
        run = load(arguments.record)
    except RecordError as error:
        sys.stderr.write(f"{arguments.record} is no record of a run: {error}\n")
        return USAGE
    if run.seconds is None:
        sys.stderr.write(f"{arguments.record} is no record of a whole run: it has no footer\n")
        return USAGE
    sys.stdout.write("\n".join(_lines(run, run.seconds)) + "\n")
    return 0


def _lines(run: Run, whole: float) -> Iterator[str]:
    judged = sum(finding.seconds for finding in run.findings)
    yield f"{'requirement':<14}{'seconds':>9}{'share':>8}{'checks':>8}"
    for finding in sorted(run.findings, key=lambda finding: -finding.seconds):
        share = finding.seconds / judged if judged else 0
        yield f"{finding.id:<14}{finding.seconds:>9.2f}{share:>8.1%}{len(finding.checks):>8}"
    yield f"{'all checks':<14}{judged:>9.2f}"
    # Where checks ran in parallel, they took more than the run did.
    yield f"{'all else':<14}{max(0.0, whole - judged):>9.2f}  start, discovery, collection"
    yield f"{'the run':<14}{whole:>9.2f}"


if __name__ == "__main__":
    sys.exit(main())
