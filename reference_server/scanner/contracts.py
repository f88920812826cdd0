"""What the chain asks of scanner triage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reference_server.limits.contracts import Limiter


class PathTable(Protocol):
    """Knows the paths of probes."""

    def refuses(self, path: str) -> bool:
        """Tell whether a path is a probe's; it has been percent-decoded once, by HTTP."""
        ...


class AgentTable(Protocol):
    """Knows the agents of scanners."""

    def refuses(self, agents: Sequence[str]) -> bool:
        """Tell whether any value of User-Agent is a scanner's, or there is none at all."""
        ...


@dataclass(frozen=True)
class ScannerParts:
    """The three signals, in the order in which they are asked.

    ``velocity`` counts the requests of an address that show no credential, which is a field of one
    of the names ``credentials``, in small letters. Nothing is asked unless ``is_on``.
    """

    paths: PathTable
    agents: AgentTable
    velocity: Limiter
    credentials: frozenset[str]
    is_on: bool = True
