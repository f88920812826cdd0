"""Defects of the command that verifies the trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reference_server.mutants.bending import mutant

if TYPE_CHECKING:
    from collections.abc import Callable


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
        "AUD-12",
        "Verification follows the chain and does not ask where it should end.",
        state=_verified_by("end"),
    ),
    mutant(
        "verification-always-succeeds",
        "AUD-12",
        "Verification prints what is wrong and ends with exit code 0.",
        state=_verified_by("exit-code"),
    ),
)
