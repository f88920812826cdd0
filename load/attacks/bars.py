"""What must hold beside each attack, and the table that tells whether it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from load.attacks.attack import Attack
    from load.attacks.attacker import Done
    from load.attacks.callers import Seen

TIMES_QUIET = 2.0
"""How many times their own quiet p99 callers may wait, or ..."""
CALL_MS = 100.0
"""... so many milliseconds, whichever is more."""
HEALTH_MS = 200.0
GROWTH_MIB = 64.0
"""By how much the server may grow meanwhile, and what of it may be left afterwards."""


@dataclass(frozen=True)
class Measured:
    """What one attack did, and what was seen beside it; times in milliseconds, sizes in MiB."""

    attack: Attack
    quiet: float
    calls: Seen
    health: Seen
    grown: float
    kept: float
    done: Done

    def missed(self, *, is_timed: bool = True) -> list[str]:
        """Return the bars that were missed, in words; those of time only where it is measured."""
        bars = {
            f"p99 {self.calls.p99:.0f} ms": not is_timed
            or self.calls.p99 <= max(TIMES_QUIET * self.quiet, CALL_MS),
            f"health p99 {self.health.p99:.0f} ms": not is_timed or self.health.p99 < HEALTH_MS,
            f"refused {', '.join(sorted(set(self.calls.failures)))}": not self.calls.failures,
            f"no health {', '.join(sorted(set(self.health.failures)))}": not self.health.failures,
            f"{self.grown:.0f} MiB more": self.grown < GROWTH_MIB,
            f"{self.kept:.0f} MiB kept": self.kept < GROWTH_MIB,
        }
        return [what for what, holds in bars.items() if not holds]

    def row(self) -> str:
        """Return a row of the table."""
        done, connections = self.done, self.attack.connections
        statuses = ", ".join(
            f"{count} times {status}" for status, count in sorted(done.statuses.items())
        )
        did = f"{done.connections} connections, {done.bytes / 1e6:.0f} MB" + (
            f", {statuses}" if statuses else ""
        )
        cells = (
            f"`{self.attack.name}`",
            f"{self.attack.summary} ({connections} at once)",
            did,
            f"{self.quiet:.0f} → {self.calls.p99:.0f}",
            f"{self.health.p99:.0f}",
            str(len(self.calls.failures) + len(self.health.failures)),
            f"{self.grown:.0f}, {self.kept:.0f}",
            "; ".join(self.missed()) or "holds",
        )
        return f"| {' | '.join(cells)} |"


_HEAD = (
    "attack",
    "one client",
    "did",
    "calls' p99, ms: quiet → beside",
    "/health's p99, ms",
    "refused or lost",
    "MiB grown, kept",
    "bars",
)


def table(measured: Sequence[Measured]) -> str:
    """Return a table in Markdown, a row an attack."""
    return "\n".join(
        [f"| {' | '.join(_HEAD)} |", "|---" * len(_HEAD) + "|", *(one.row() for one in measured)]
    )
