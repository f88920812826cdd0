"""Has the reports package, which the judge does not import, make documents."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from conformance.text.plain import powerless

SECONDS = 300
"""What all documents of a run, or of a fleet, may take."""
_BESIDE_US = Path(__file__).resolve().parents[2]

# Our two packages are named by their place, and the folder that holds them is not searched for any
# other: it may hold what was made for older releases of Python, and would stand in for parts of it.
_RUN = """
import importlib.machinery, importlib.util, runpy, sys
folder = sys.argv.pop(1)
for name in ("conformance", "reports"):
    spec = importlib.machinery.PathFinder.find_spec(name, [folder])
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
runpy.run_module("reports", run_name="__main__", alter_sys=True)
"""


def run_reports(root: Path, *words: str) -> bool:
    """Run ``python -m reports`` with these words; tell whether the documents were written.

    It is the package beside this one: that of a clone that was never installed, too, and never one
    of the same name that the folder of the run or the caller's path may hold.
    """
    command = [sys.executable, "-P", "-c", _RUN, str(_BESIDE_US), *words]
    try:
        done = subprocess.run(  # noqa: S603 -- our own module
            command, cwd=root, capture_output=True, check=False, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        sys.stderr.write(f"no report was written: it took longer than {SECONDS} s\n")
        return False
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        why = powerless(said[-1]) if said else done.returncode
        sys.stderr.write(f"no report was written: {why}\n")
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        if not Path(line).is_file():  # after the paths, what a document had to leave out
            sys.stdout.write(f"{powerless(line)}\n")
    return done.returncode == 0
