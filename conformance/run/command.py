"""``hallmark``: the judge wherever it is installed, as ``pytest conformance`` is in a clone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from conformance.run.options import INSTALLED, PACKAGE


def main() -> int:
    """Judge as the command line says, with pytest's options and the judge's; return the exit code.

    A pytest configuration of the folder it is run in has no say.
    """
    words = [str(PACKAGE), f"--config-file={INSTALLED}", f"--rootdir={Path.cwd()}"]
    return int(pytest.main([*words, *sys.argv[1:]]))
