"""The server of the timing benchmark: a request names the delay that its refusal is to have.

``python -m reference_server.mutants.time.planted --state FILE [--port N]``. With
``X-Planted-Delay: 0050/10`` one such request in ten is delayed by 50 µs, between the address limit
and the look at the key. It is no mutant of the matrix, which knows no header that a caller could
use to tell a leak from its absence.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from typing import TYPE_CHECKING

from reference_server.commands.command_line import add_demo_options, run_reporting
from reference_server.mutants.bending import before, header, with_stage
from reference_server.mutants.time.refusals import busy
from reference_server.variant import Variant

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts

HEADER = "x-planted-delay"


def _delay(context: RequestContext, parts: Parts) -> Response | None:
    del parts
    microseconds, _, one_in = (header(context, HEADER) or "0/1").partition("/")
    if secrets.randbelow(int(one_in)) == 0:
        busy(float(microseconds))
    return None


PLANTED = Variant(parts=with_stage("authenticate", before(_delay)))


def main(words: list[str] | None = None) -> int:
    """Run the demo with the door for delays; exit codes as in ``reference_server``."""
    parser = argparse.ArgumentParser(
        prog="python -m reference_server.mutants.time.planted", description=__doc__
    )
    add_demo_options(parser)
    arguments = parser.parse_args(words)
    return run_reporting(lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> int:
    from reference_server.demo.run import run_demo

    return run_demo(arguments.state, arguments.port, PLANTED)


if __name__ == "__main__":
    sys.exit(main())
