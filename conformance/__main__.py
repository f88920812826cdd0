"""``python -m conformance schema | init-profile``: what goes with judging, and is none itself.

Exit codes are those of the judge: 0 it is done; 4 the options are wrong; 6 the target does not
answer. One sentence on stderr says which and why.
"""

from __future__ import annotations

import argparse
import sys

from conformance import schema

USAGE = 4


class _Parser(argparse.ArgumentParser):
    """Ends with the judge's exit code for wrong options."""

    def error(self, message: str) -> None:  # type: ignore[override] -- it never returns either
        """Say what is wrong, and end."""
        self.exit(USAGE, f"{self.prog}: {message}\n")


def main(words: list[str] | None = None) -> int:
    """Do what the command line says; return the exit code."""
    arguments = _parser().parse_args(words)
    if arguments.command == "schema":
        sys.stdout.write(schema.text())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m conformance", description="What goes with judging.")
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    commands.add_parser("schema", help="print the JSON Schema of a profile")
    return parser


if __name__ == "__main__":
    sys.exit(main())
