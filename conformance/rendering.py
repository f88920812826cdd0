"""Has the reports package, which the judge does not import, make documents."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from conformance.plain import powerless

_BESIDE_US = Path(__file__).resolve().parents[1]


def run_reports(root: Path, *words: str) -> bool:
    """Run ``python -m reports`` with these words; tell whether the documents were written.

    It is the package beside this one: that of a clone that was never installed, too, and never one
    of the same name that the folder of the run or the caller's path may hold.
    """
    paths = [str(_BESIDE_US), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(  # noqa: S603 -- our own module
        [sys.executable, "-P", "-m", "reports", *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        why = powerless(said[-1]) if said else done.returncode
        sys.stderr.write(f"no report was written: {why}\n")
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        if not Path(line).is_file():  # after the paths, what a document had to leave out
            sys.stdout.write(f"{powerless(line)}\n")
    return done.returncode == 0
