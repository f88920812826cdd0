"""What a violation lets somebody do, what a requirement stands on, and which violations count."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_SECTION = re.compile(r"(RFC \d+ §|ASVS \d|NIST |MCP |JSON-RPC ).+")


class Impact(StrEnum):
    """What a violation lets somebody do, the gravest first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """The place in the order of gravity, 0 for the gravest."""
        return list(Impact).index(self)


class Basis(StrEnum):
    """What a requirement stands on."""

    STANDARD = "standard"
    DECLARATION = "declaration"
    HARDENING = "hardening"


@dataclass(frozen=True)
class Weight:
    """What a violation weighs, and why: as one of ``checks`` has found it, or any where none is."""

    impact: Impact
    impact_reason: str
    basis: Basis
    checks: tuple[str, ...] = ()


def fails_a_run(impact: Impact, basis: Basis | None, least: Impact | None) -> bool:
    """Tell whether a violation fails the run rather than being advice.

    ``least`` is the least impact that does; without one, all but hardening of low impact does.
    """
    if least is None:
        return not (impact is Impact.LOW and basis is Basis.HARDENING)
    return impact.rank <= least.rank


def names_a_section(reference: str) -> bool:
    """Tell whether a reference names a place in a standard, not a class of weakness or risk."""
    return _SECTION.fullmatch(reference) is not None
