"""What the users saw: one observation for each request, kept for the invariants."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from load.reply import Result

if TYPE_CHECKING:
    from collections.abc import Callable


class Conduct(StrEnum):
    """How a user treats the declared limits."""

    WITHIN = "within the limits"
    BEYOND = "beyond its address limit"


@dataclass(frozen=True)
class Observation:
    """One request and what came back.

    ``sent`` and ``received`` are seconds of one monotonic clock; ``status`` is 0 when there was no
    answer, and ``trouble`` then says why. ``foreign`` names what of someone else's the answer held.
    """

    tenant: str
    address: str | None
    conduct: Conduct
    call: str
    tool: str | None
    sent: float
    received: float
    status: int
    request_id: str | None = None
    result: Result = Result.NONE
    retry_after: str | None = None
    foreign: tuple[str, ...] = ()
    shows_own_canary: bool = False
    trouble: str = ""

    @property
    def is_answered(self) -> bool:
        """Whether the target sent a whole answer."""
        return self.status > 0

    @property
    def label(self) -> str:
        """The observation in a few words, for evidence."""
        where = f" from {self.address}" if self.address else ""
        return f"{self.call}{where} (tenant {self.tenant}, status {self.status})"


@dataclass
class Ledger:
    """All observations of one run; ``on_full`` is called once, when ``most`` are in."""

    most: int
    on_full: Callable[[], object] = lambda: None
    observations: list[Observation] = field(default_factory=list[Observation])

    def add(self, observation: Observation) -> None:
        """Keep an observation."""
        self.observations.append(observation)
        if len(self.observations) == self.most:
            self.on_full()
