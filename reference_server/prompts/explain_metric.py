"""The prompt `explain_metric`: asks a model about one of the caller's cached metrics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reference_server.prompts.contracts import PromptArgument

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reference_server.resources.contracts import ResourceFamily
    from reference_server.tools.contracts import Caller


def _arguments() -> tuple[PromptArgument, ...]:
    return (PromptArgument("metricId", "The id of one of your metrics, as the lists tell it."),)


@dataclass(frozen=True)
class ExplainMetric:
    """Puts one of ``metrics`` into a question, as its caller may read it."""

    metrics: ResourceFamily
    name: str = "explain_metric"
    description: str = "Explain one of your advertising metrics and say what to do about it."
    arguments: Sequence[PromptArgument] = field(default_factory=_arguments)

    def render(self, arguments: Mapping[str, str], caller: Caller) -> str:
        """Return the question with the metric's data in it."""
        uri = self.metrics.uri_template.replace("{metricId}", arguments["metricId"])
        return (
            "Explain this advertising metric to its owner, and name one thing to change.\n\n"
            f"{self.metrics.read(uri, caller)}"
        )

    def complete(self, argument: str, beginning: str, caller: Caller) -> Sequence[str]:
        """Return ids of the caller's metrics: the prompt has no other argument."""
        del argument
        return self.metrics.complete(beginning, caller)
