"""``python -m reports render RUN.jsonl``, ``… diff A B``, ``… fleet DIR``.

``render`` writes the documents of a run. Exit codes: 0 they are written, their paths printed, each
on a line, and after them what a document had to leave out; 2 they cannot be, and one sentence on
stderr says why. What the run found is the exit code of the run, not of its rendering.

``diff`` says what changed from run A to run B, each a ``run.jsonl`` or the folder of one. Exit
codes: 0 nothing is worse; 1 something fails that did not fail before; 6 nothing does, but
something that A saw is unseen in B; 2 a run cannot be read.

``fleet`` writes the page of a run with ``--targets``, with the exit codes of ``render``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.text.plain import powerless
from reports.errors import UNFIT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

_UNFIT = 2


def main(words: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit code."""
    arguments = _parser().parse_args(words)
    try:
        return arguments.command(arguments)
    except UNFIT as error:
        _say(f"{error}\n", sys.stderr)
        return _UNFIT


def _render(arguments: argparse.Namespace) -> int:
    from reports.render import render

    rendered = render(arguments.record, arguments.out, arguments.kill_matrix)
    lines = [*map(str, rendered.paths.values()), *rendered.notes]
    _say("".join(f"{line}\n" for line in lines), sys.stdout)
    return 0


def _diff(arguments: argparse.Namespace) -> int:
    from reports import diff, diff_text

    found = diff.compare(*map(diff.load, (arguments.before, arguments.after)))
    write = diff_text.markdown if arguments.markdown else diff_text.plain
    _say(write(found), sys.stdout)
    return found.exit_code


def _fleet(arguments: argparse.Namespace) -> int:
    from reports.fleet import render_fleet

    written = render_fleet(arguments.folder)
    _say("".join(f"{path}\n" for path in written.values()), sys.stdout)
    return 0


def _say(text: str, stream: TextIO) -> None:
    """Write text to a terminal of whatever encoding: what it cannot show is shown as its number.

    And to the log of a CI system: what it would take for a command, it does not find.
    """
    encoding = stream.encoding or "utf-8"
    stream.write(powerless(text).encode(encoding, "backslashreplace").decode(encoding))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reports", description="Report on runs.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    render = commands.add_parser("render", help="write the documents of a run")
    render.set_defaults(command=_render)
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
    diff = commands.add_parser("diff", help="say what changed from one run to another")
    diff.set_defaults(command=_diff)
    diff.add_argument("before", type=Path, metavar="A", help="a run.jsonl, or a report folder")
    diff.add_argument("after", type=Path, metavar="B", help="another")
    diff.add_argument("--markdown", action="store_true", help="write Markdown, for a job summary")
    fleet = commands.add_parser("fleet", help="write the page of a run with --targets")
    fleet.set_defaults(command=_fleet)
    fleet.add_argument("folder", type=Path, metavar="DIR", help="the folder that holds fleet.json")
    return parser


if __name__ == "__main__":
    sys.exit(main())
