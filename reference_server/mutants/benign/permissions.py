"""Permissions in other forms, as good as the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.shared.exceptions import MCPError

from reference_server.core.vocabulary import Tier
from reference_server.limits.limiter import MovingWindowLimiter
from reference_server.mutants.bending import replaced
from reference_server.mutants.benign.edge import benign
from reference_server.mutants.perm.calls import is_call
from reference_server.mutants.perm.elevating import around_messages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.limits.contracts import Limiter
    from reference_server.mutants.perm.elevating import Next
    from reference_server.parts import Parts
    from reference_server.protocol.desk import Call, Desk

_POLICY = frozenset({"PERM-01", "PERM-02", "PERM-05", "PERM-07", "PERM-08"})
_UNKNOWN = "Unknown tool: "


async def _otherwise(call: Call, call_next: Next, desk: Desk) -> Any:
    """Call whatever cannot be called a method that is not there, for all reasons alike."""
    del desk
    try:
        return await call_next(call)
    except MCPError as error:
        if not is_call(call) or not error.error.message.startswith(_UNKNOWN):
            raise
        raise MCPError(types.INVALID_PARAMS, "There is nothing of that name.") from error


def _base_for_all(parts: Parts) -> Mapping[Tier, Limiter]:
    usual = parts.limits.tenant.admit("whoever asks how many there may be")
    return {
        tier: MovingWindowLimiter(parts.clock, usual.limit, usual.window)
        for tier in parts.limits.tiers
    }


def _told_base(state: dict[str, Any]) -> dict[str, Any]:
    return {**state, "rates": dict.fromkeys(state["rates"], state["rates"][Tier.USER])}


VARIANTS = (
    benign(
        "unnamed-in-refusals",
        "What cannot be called is not repeated, whether it is unknown or beyond the caller.",
        parts=around_messages(_otherwise),
        touches=_POLICY,
    ),
    benign(
        "tools-backwards",
        "Tools are listed in the other order.",
        parts=replaced({"mcp.tools": lambda parts: tuple(reversed(parts.mcp.tools))}),
        touches=_POLICY,
    ),
    benign(
        "one-rate-for-all-tiers",
        "Every tier has the base rate, each for itself, and the profile says so.",
        parts=replaced({"limits.tiers": _base_for_all}),
        state=_told_base,
        touches=frozenset({"RATE-10"}),
    ),
)
