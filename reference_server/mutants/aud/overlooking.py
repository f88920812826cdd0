"""``verify-audit`` as mutants have it: ``overlooking KIND OPTIONS…`` misses one kind."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from reference_server.__main__ import EXIT_BROKEN, tell
from reference_server.audit.verification import Verifier
from reference_server.commands.command_line import add_verify_options, run_reporting
from reference_server.commands.operations import verify_audit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from reference_server.db.chain import Head


class _Counting(Verifier):
    """Sees a gap between rows, and nothing of what they hold."""

    def complaint_about_row(self, head: Head, row: Mapping[Any, Any]) -> str | None:
        """Compare positions alone."""
        return None if row["id"] == head.position + 1 else f"row {head.position + 1} is missing"


class _Endless(Verifier):
    """Does not ask where the trail should end."""

    def complaint_about_end(
        self, connection: Connection, head: Head, expected: Head | None
    ) -> str | None:
        """See nothing."""
        del connection, head, expected


_KINDS = {"contents": _Counting, "end": _Endless, "exit-code": Verifier}


def main(words: list[str]) -> int:
    """Run ``verify-audit`` with one thing overlooked; return its exit code."""
    kind, *options = words
    parser = argparse.ArgumentParser()
    add_verify_options(parser)
    arguments = parser.parse_args(options)

    def verify() -> int:
        where = (arguments.database, arguments.secrets, arguments.expect)
        return tell(verify_audit(*where, _KINDS[kind]))

    code = run_reporting(verify)
    return 0 if kind == "exit-code" and code == EXIT_BROKEN else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
