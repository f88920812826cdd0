"""The prompt `review_metrics`: asks a model about all of the caller's cached metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reference_server.prompts.contracts import PromptArgument
    from reference_server.resources.contracts import ResourceFamily
    from reference_server.tools.contracts import Caller

MOST_METRICS = 20
"""How many of them one message holds."""


@dataclass(frozen=True)
class ReviewMetrics:
    """Puts the first of the caller's ``metrics`` into one question."""

    metrics: ResourceFamily
    name: str = "review_metrics"
    description: str = "Compare your advertising metrics and say which needs attention first."
    arguments: Sequence[PromptArgument] = ()

    def render(self, arguments: Mapping[str, str], caller: Caller) -> str:
        """Return the question with the data of at most ``MOST_METRICS`` metrics in it."""
        del arguments
        listed = self.metrics.list_after("", MOST_METRICS, caller)
        told = [f"{one.name}: {self.metrics.read(one.uri, caller)}" for one in listed]
        return "\n".join(["Say which of these advertising metrics needs attention first.", *told])

    def complete(self, argument: str, beginning: str, caller: Caller) -> Sequence[str]:
        """Return nothing: there is no argument."""
        del argument, beginning, caller
        return ()
