"""Start a mutant of the reference server, or a benign variant, as a demo.

With --serve it runs as in production. --list prints all mutants as JSON, --list-benign all
variants.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from reference_server.commands.command_line import (
    add_demo_options,
    run_reporting,
)
from reference_server.commands.configuration import add_settings_options, settings_from
from reference_server.core.secrets import load_secrets
from reference_server.mutants.boot.startup import MUTANTS as BENDING_START

if TYPE_CHECKING:
    from reference_server.mutants.model import Mutant

_PROGRAM = "python -m reference_server.mutants"


def main(words: list[str] | None = None) -> int:
    """List the mutants or run one; exit codes as in ``reference_server``."""
    words = sys.argv[1:] if words is None else words
    if words in (["--list"], ["--list-benign"]):
        from reference_server.mutants.bench.registry import all_benign, all_mutants

        listed = all_mutants() if words == ["--list"] else all_benign()
        sys.stdout.write(json.dumps([_entry(mutant) for mutant in listed.values()]) + "\n")
        return 0
    parser = argparse.ArgumentParser(prog=_PROGRAM, description=__doc__)
    parser.add_argument("name", help="name of the mutant or of the benign variant")
    if "--serve" in words:
        parser.add_argument(
            "--serve", action="store_true", help="run it as serve does in production, not as a demo"
        )
        add_settings_options(parser)
    else:
        add_demo_options(parser)
    arguments = parser.parse_args(words)
    return run_reporting(lambda: _run(arguments, serve="--serve" in words))


def _run(arguments: argparse.Namespace, *, serve: bool) -> int:
    # Only those bend how secrets are read. All others fail as early as the server does: before the
    # registry is imported, and with it nearly all there is.
    mutant = next((bent for bent in BENDING_START if bent.id == arguments.name), None)
    settings = settings_from(arguments) if serve else None
    if settings and mutant is None:
        load_secrets(settings.secrets_dir)
    if mutant is None:
        from reference_server.mutants.bench.registry import find_mutant

        mutant = find_mutant(arguments.name)
    if settings:
        from reference_server.serving.production import run_production

        return run_production(settings, mutant)

    from reference_server.demo.run import run_demo

    return run_demo(arguments.state, arguments.port, mutant)


def _entry(mutant: Mutant) -> dict[str, str | list[str]]:
    return {"name": mutant.id, "fails": sorted(mutant.fails), "summary": mutant.summary}


if __name__ == "__main__":
    sys.exit(main())
