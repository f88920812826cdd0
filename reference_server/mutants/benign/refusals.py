"""Other ways to keep refusals from flooding the trail, none of which loses their count."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reference_server.audit.repeats import OWN_ROWS, Repeats
from reference_server.mutants.bending import replaced
from reference_server.mutants.benign.edge import benign

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.audit.contracts import AuditEvent
    from reference_server.audit.repeats import Kind, Tally
    from reference_server.parts import Parts

_TOUCHED = frozenset({"AUD-01", "AUD-04", "AUD-13", "AUD-16", "BLOCK-03", "RATE-04"})
_FEW, _SOON = 2, 3


class _Elsewhere(Repeats):
    """Tells the count under another name."""

    def row(self, kind: Kind, tally: Tally) -> AuditEvent:
        event = super().row(kind, tally)
        metadata = dict(event.metadata or {})
        counted = metadata.pop("count")
        return replace(event, metadata={**metadata, "repeated": {"times": counted}})


class _GoingOn(Repeats):
    """Tells each time how many there have been in all."""

    def row(self, kind: Kind, tally: Tally) -> AuditEvent:
        self._in_all_of = getattr(self, "_in_all_of", {})
        self._in_all_of[kind] = self._in_all_of.get(kind, 0) + tally.counted
        event = super().row(kind, tally)
        return replace(event, metadata={**(event.metadata or {}), "count": self._in_all_of[kind]})


def _counting(kind: type[Repeats], own_rows: int = _FEW) -> Callable[[Parts], Parts]:
    def make(parts: Parts) -> Repeats:
        return kind(parts.clock, own_rows, tell_seconds=_SOON)

    return replaced({"repeats": make})


VARIANTS = (
    benign(
        "refusals-counted-early",
        "An address has rows for two refusals a minute, and a count every three seconds.",
        parts=_counting(Repeats),
        touches=_TOUCHED,
    ),
    benign(
        "refusals-counted-elsewhere",
        "The count of refusals stands under another name, within an object.",
        # As many rows as usual: what is counted early is found by the name that the profile has.
        parts=_counting(_Elsewhere, OWN_ROWS),
        touches=_TOUCHED,
    ),
    benign(
        "refusals-counted-on",
        "Each row tells how many refusals there have been of that address in all.",
        parts=_counting(_GoingOn),
        touches=_TOUCHED,
    ),
)
