"""``python -m conformance.world downstream``: starts one of the servers, until it is ended."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from conformance.world.downstream import serve


def main() -> int:
    """Serve until Ctrl-C, or until standard input ends where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m conformance.world")
    parts = parser.add_subparsers(dest="part", required=True)
    downstream = parts.add_parser(
        "downstream", help="an API for tools to call, which tells what has reached it"
    )
    downstream.add_argument("--host", default="127.0.0.1", help="an address of this machine")
    downstream.add_argument("--port", type=int, default=0, help="0 for any free one")
    downstream.add_argument(
        "--control",
        type=Path,
        required=True,
        metavar="FILE",
        help="a word in a file: who shows it as a bearer token is told what has come",
    )
    downstream.add_argument(
        "--until-input-ends", action="store_true", help="end with whoever started this"
    )
    words = parser.parse_args()
    control = words.control.read_text(encoding="utf-8").strip()
    if not control:
        parser.error(f"{words.control} is empty: write a word into it that nobody guesses")
    try:
        serve((words.host, words.port), control, sys.stdin if words.until_input_ends else None)
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        parser.error(f"cannot listen on {words.host}:{words.port} ({error.strerror})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
