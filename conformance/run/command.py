"""``hallmark``: the judge wherever it is installed, as ``pytest conformance`` is in a clone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from conformance import __version__
from conformance.run.options import INSTALLED, PACKAGE

HELP = """\
usage: hallmark --target=URL [--profile=FILE] [OPTION ...]
       hallmark init-profile --target=URL [--out FILE] [--key-env NAME]

Judge whether an MCP server keeps its tenants apart, requirement by requirement.

  --target=URL         MCP endpoint of a running server
  --profile=FILE       what is known of it: tenants' keys, routes, limits, logs
  --check-profile      contact nothing; say what could be judged with it
  --dry-run            send nothing; print what a run would send
  --area=A,B           judge only these areas
  --requirement=ID,ID  judge only these requirements
  --require=A,B        what stays unseen in these areas fails the run
  --fail-on=LEVEL      least impact that fails the run: critical to low
  --intrusive          away from loopback: also exhaust limits, block addresses,
                       move the clock
  --disguise           look like a common client, and not like a judge
  --patience=SECONDS   longest real wait of one check
  --soak=MINUTES       let both tenants read for so long, wide and with silences
  --report=DIR         folder for the record and the reports
  --targets=FILE       judge many servers
  -n N                 judge with N processes

Commands:
  init-profile         ask a server a few questions and write a profile
  schema               print the JSON Schema of a profile

  --version            the version of the judge
  --help-all           every option, those of pytest among them

Exit code: 0 no violation, 1 a violation, 4 wrong options or profile,
6 something could not be decided.
"""
"""One screen; pytest's own help has all its options, and so several."""


def judge(words: list[str]) -> int:
    """Judge as the command line says, with pytest's options and the judge's; return the exit code.

    A pytest configuration of the folder it is run in has no say.
    """
    if words[:1] in (["-h"], ["--help"]):
        sys.stdout.write(HELP)
        return 0
    if words[:1] in (["-V"], ["--version"]):
        sys.stdout.write(f"hallmark {__version__}\n")
        return 0
    words = ["--help" if word == "--help-all" else word for word in words]
    own = [str(PACKAGE), f"--config-file={INSTALLED}", f"--rootdir={Path.cwd()}"]
    return int(pytest.main([*own, *words]))
