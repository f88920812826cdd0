"""A mutant: the reference server with one realistic defect, and what must notice it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reference_server.variant import HEALTHY, Variant

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Mutant(Variant):
    """One deviation. ``fails`` are the requirements that must fail, and no others may."""

    id: str
    fails: frozenset[str]
    summary: str

    @property
    def bends_start(self) -> bool:
        """Whether it differs in what happens before a port is opened."""
        start = (self.settings, self.load_secrets, self.check_ready)
        return start != (HEALTHY.settings, HEALTHY.load_secrets, HEALTHY.check_ready)

    @property
    def serve_words(self) -> tuple[str, ...]:
        """The words after ``python -m`` that serve this mutant in production's shape."""
        return ("reference_server.mutants", self.id, "--serve")


@dataclass(frozen=True)
class Benign(Mutant):
    """The server in another form that every clause permits: nothing may fail on it.

    ``lacks`` are the requirements that this form leaves without a subject, such as sessions, and
    ``touches`` those for which it is made: of them none waits for its turn. ``profile`` is what
    tells of it, where that is not the reference server's.
    """

    lacks: frozenset[str] = frozenset()
    touches: frozenset[str] = frozenset()
    profile: Path | None = None
