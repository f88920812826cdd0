"""The prompts, one a file. What `build_prompts` does not name cannot be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.prompts.explain_metric import ExplainMetric
from reference_server.prompts.review_metrics import ReviewMetrics

if TYPE_CHECKING:
    from reference_server.prompts.contracts import Prompt
    from reference_server.resources.contracts import ResourceFamily


def build_prompts(metrics: ResourceFamily) -> tuple[Prompt, ...]:
    """Return the prompts, which read ``metrics`` as their caller may."""
    return (ExplainMetric(metrics), ReviewMetrics(metrics))
