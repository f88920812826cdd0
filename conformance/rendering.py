"""Has the reports package, which the judge does not import, make documents."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from conformance.plain import powerless


def run_reports(root: Path, *words: str) -> bool:
    """Run ``python -m reports`` with these words; tell whether the documents were written."""
    done = subprocess.run(  # noqa: S603 -- our own module
        [sys.executable, "-P", "-m", "reports", *words], cwd=root, capture_output=True, check=False
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        why = powerless(said[-1]) if said else done.returncode
        sys.stderr.write(f"no report was written: {why}\n")
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        if not Path(line).is_file():  # after the paths, what a document had to leave out
            sys.stdout.write(f"{powerless(line)}\n")
    return done.returncode == 0
