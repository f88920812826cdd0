"""``verify-audit`` as mutants have it: ``overlooking KIND OPTIONS…`` misses one kind."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from reference_server.__main__ import EXIT_BROKEN, tell
from reference_server.audit.anchors import Anchor
from reference_server.audit.verification import Verifier
from reference_server.commands.command_line import add_verify_options, run_reporting
from reference_server.commands.operations import Told, verify_audit
from reference_server.db.chain import Head

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from reference_server.audit.verification import Followed, Verdict


class _Counting(Verifier):
    """Sees a gap between rows, and nothing of what they hold."""

    def complaint_about_row(self, head: Head, row: Mapping[Any, Any]) -> str | None:
        """Compare positions alone."""
        return None if row["id"] == head.position + 1 else f"row {head.position + 1} is missing"


class _Endless(Verifier):
    """Does not ask where the trail should end, neither its head nor anchors."""

    def complaint_about_end(self, connection: Connection, head: Head) -> str | None:
        """See nothing."""
        del connection, head

    def complaint_about_anchors(
        self, head: Head, seen: Followed, anchors: Iterable[Anchor]
    ) -> str | None:
        """See nothing."""
        del head, seen, anchors


class _Unanchored(Verifier):
    """Looks at the database alone."""

    def complaint_about_anchors(
        self, head: Head, seen: Followed, anchors: Iterable[Anchor]
    ) -> str | None:
        """See nothing."""
        del head, seen, anchors


class _OfTheDatabase(Verifier):
    """Takes the anchors from a table beside the trail's."""

    def verify_rows(
        self, connection: Connection, expected: Head | None = None, anchors: Sequence[Anchor] = ()
    ) -> Verdict:
        """Verify as ever, with those."""
        del anchors
        kept = [Anchor(row[0], Head.parse(row[1])) for row in connection.execute(_ANCHORS)]
        return super().verify_rows(connection, expected, kept)


_ANCHORS = text("SELECT moment, head FROM audit_anchors")
_KINDS = {
    "contents": _Counting,
    "end": _Endless,
    "exit-code": Verifier,
    "anchors": _Unanchored,
    "database": _OfTheDatabase,
}


def main(words: list[str]) -> int:
    """Run ``verify-audit`` with one thing overlooked; return its exit code."""
    kind, *options = words
    parser = argparse.ArgumentParser()
    add_verify_options(parser)
    arguments = parser.parse_args(options)

    def verify() -> int:
        told = Told(arguments.expect, arguments.anchors)
        return tell(verify_audit(arguments.database, arguments.secrets, told, _KINDS[kind]))

    code = run_reporting(verify)
    return 0 if kind == "exit-code" and code == EXIT_BROKEN else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
