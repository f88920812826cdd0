"""``verify-audit`` as mutants have it: ``overlooking KIND OPTIONS…`` misses one kind."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from reference_server import __main__ as commands
from reference_server.audit import verification

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.db.chain import AuditChain, Head


def _gaps_alone(chain: AuditChain, head: Head, row: Mapping[Any, Any]) -> str | None:
    del chain
    return None if row["id"] == head.position + 1 else f"row {head.position + 1} is missing"


def _no_end(*_: object) -> None:
    return None


def main(words: list[str]) -> int:
    """Run ``verify-audit`` with one thing overlooked; return its exit code."""
    kind, *options = words
    if kind == "contents":
        setattr(verification, "_complaint_about_row", _gaps_alone)  # noqa: B010 -- a private name
    if kind == "end":
        setattr(verification, "_complaint_about_end", _no_end)  # noqa: B010 -- a private name
    code = commands.main(["verify-audit", *options])
    return 0 if kind == "exit-code" and code == commands.EXIT_BROKEN else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
