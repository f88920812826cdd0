"""Other ways to note what happened that every clause permits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reference_server.mutants.bending import replaced
from reference_server.mutants.benign.edge import benign

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from reference_server.keys.contracts import KeyUse
    from reference_server.parts import Parts


@dataclass(frozen=True)
class _InWholeSeconds:
    """Notes uses without the fractions of their seconds."""

    use: KeyUse

    def record(self, key_id: UUID, used_at: datetime) -> None:
        self.use.record(key_id, used_at.replace(microsecond=0))

    def close(self) -> None:
        self.use.close()


def _in_whole_seconds(parts: Parts) -> _InWholeSeconds:
    return _InWholeSeconds(parts.keys.use)


VARIANTS = (
    benign(
        "uses-noted-in-whole-seconds",
        "When a key was last used is stored in whole seconds, as many columns are.",
        parts=replaced({"keys.use": _in_whole_seconds}),
        touches=frozenset({"AUTH-14"}),
    ),
)
