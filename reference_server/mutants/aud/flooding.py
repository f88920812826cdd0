"""Defects in how refusals are kept from flooding the trail."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from reference_server.audit.repeats import Repeats
from reference_server.mutants.bending import mutant, replaced

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.audit.contracts import AuditEvent, AuditTrail
    from reference_server.parts import Parts


class _EachARow(Repeats):
    """Counts nothing."""

    def counts(self, event: AuditEvent) -> bool:
        del event
        return False


class _Untold(Repeats):
    """Counts, and keeps it to itself."""

    def tell(self, trail: AuditTrail, *, all_of_it: bool = False) -> None:
        del trail, all_of_it


class _EverySecond(Repeats):
    """Has no row for what is one too many, and counts one in two of them."""

    _turns = itertools.count()

    def counts(self, event: AuditEvent) -> bool:
        is_left_out = self.is_counting(event.address or "") and next(self._turns) % 2
        return bool(is_left_out) or super().counts(event)


def _counting(kind: type[Repeats]) -> Callable[[Parts], Parts]:
    return replaced({"repeats": lambda parts: kind(parts.clock)})


MUTANTS = (
    mutant(
        "refusals-each-a-row",
        "AUD-16",
        "Each refusal of a blocked or limited address adds a row, however many there are.",
        parts=_counting(_EachARow),
    ),
    mutant(
        "refusals-untold",
        "AUD-16",
        "After an address's first refusals nothing is written down, and nobody is told how many.",
        parts=_counting(_Untold),
    ),
    mutant(
        "refusals-half-counted",
        "AUD-16",
        "Of refusals that have no rows, one in two is counted.",
        parts=_counting(_EverySecond),
    ),
)
