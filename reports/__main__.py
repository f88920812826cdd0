"""``python -m reports render RUN.jsonl [--out DIR] [--kill-matrix FILE]``, ``… fleet DIR``.

Exit codes: 0 the documents are written, and their paths printed; 2 they cannot be, and one
sentence on stderr says why. What the run found is the exit code of the run, not of its rendering.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from reports.errors import ReportError
from reports.fleet import render_fleet
from reports.render import render_all

_UNFIT = 2


def main(words: list[str] | None = None) -> int:
    """Do what the command line says; return the exit code."""
    arguments = _parser().parse_args(words)
    try:
        written = (
            render_fleet(arguments.folder)
            if arguments.command == "fleet"
            else render_all(arguments.record, arguments.out, arguments.kill_matrix)
        )
    except ReportError as error:
        sys.stderr.write(f"{error}\n")
        return _UNFIT
    sys.stdout.write("".join(f"{path}\n" for path in written.values()))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reports", description="Render a run record.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    render = commands.add_parser("render", help="write report.html, junit.xml, summary.md, badge")
    render.add_argument("record", type=Path, metavar="RUN.jsonl", help="the run record")
    render.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write (default: beside the record)"
    )
    render.add_argument(
        "--kill-matrix",
        type=Path,
        metavar="FILE",
        help="the kill matrix to show (default: kill-matrix.json beside the record or one above)",
    )
    fleet = commands.add_parser("fleet", help="write the page of a run with --targets")
    fleet.add_argument("folder", type=Path, metavar="DIR", help="the folder that holds fleet.json")
    return parser


if __name__ == "__main__":
    sys.exit(main())
