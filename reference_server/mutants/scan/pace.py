"""Defects of the pace: who is counted, for how long, and what happens then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.core.vocabulary import Access
from reference_server.limits.limiter import MovingWindowLimiter
from reference_server.mutants.bending import mutant, replaced, with_stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.mutants.bending import Stage
    from reference_server.parts import Parts

STAGE = "triage_scanner"


def _pace(requests: int, window: int) -> Callable[[Parts], Parts]:
    return replaced(
        {"scanner.velocity": lambda parts: MovingWindowLimiter(parts.clock, requests, window)}
    )


def _with_liveness(stage: Stage) -> Stage:
    def bent(context: RequestContext, parts: Parts) -> Response | None:
        access = context.access
        context.access = Access.PUBLIC if access is Access.LIVENESS else access
        try:
            return stage(context, parts)
        finally:
            context.access = access

    return bent


MUTANTS = (
    mutant("no-pace", "SCAN-03", "Nobody is refused for his pace.", parts=_pace(1_000_000, 60)),
    mutant("twice-the-pace", "SCAN-03", "Sixty a minute are let pass.", parts=_pace(61, 60)),
    mutant("pace-of-a-day", "SCAN-05-b", "A request counts for a day.", parts=_pace(30, 24 * 3600)),
    mutant(
        "pace-with-keys",
        "SCAN-05-b",
        "Requests with a key count towards the pace, too.",
        parts=replaced({"scanner.credentials": lambda _: frozenset[str]()}),
    ),
    mutant(
        "pace-of-monitors",
        "SCAN-05 SCAN-05-b OPS-11",
        "Triage looks at monitors, too, and counts them.",
        parts=with_stage(STAGE, _with_liveness),
    ),
)
