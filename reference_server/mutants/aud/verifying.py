"""Defects of what finds out that the trail is not what was written."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from reference_server.audit.trail import SqlAuditTrail
from reference_server.mutants.bending import mutant, replaced, trail_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.audit.contracts import AuditEvent


class _Forgetful(SqlAuditTrail):
    """Knows nothing of what it has written."""

    def write(self, *events: AuditEvent) -> None:
        self.links.newest = None
        super().write(*events)


def _verified_by(kind: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Have the trail verified by a program that overlooks something."""

    def bend(state: dict[str, Any]) -> dict[str, Any]:
        program, _, _, _, *words = state["operations"]["verify_audit"]
        weak = [program, "-m", "reference_server.mutants.aud.overlooking", kind, *words]
        return state | {"operations": state["operations"] | {"verify_audit": weak}}

    return bend


MUTANTS = (
    mutant(
        "verification-counts-rows",
        "AUD-12",
        "Verification looks for gaps in the numbers, not at what the rows say.",
        state=_verified_by("contents"),
    ),
    mutant(
        "verification-overlooks-the-end",
        "AUD-12 AUD-15",
        "Verification follows the chain and does not ask where it should end.",
        state=_verified_by("end"),
    ),
    mutant(
        "verification-always-succeeds",
        "AUD-12 AUD-15",
        "Verification prints what is wrong and ends with exit code 0.",
        state=_verified_by("exit-code"),
    ),
    mutant(
        "verification-without-anchors",
        "AUD-15",
        "Verification looks at the database alone, where everything can be put back together.",
        state=_verified_by("anchors"),
    ),
    mutant(
        "server-forgets-its-head",
        "AUD-15",
        "The server asks the database where the trail ends, and believes it.",
        parts=replaced({"trail": partial(trail_of, _Forgetful)}),
    ),
)
