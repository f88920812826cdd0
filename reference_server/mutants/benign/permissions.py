"""Permissions in other forms, as good as the first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.shared.exceptions import MCPError

from reference_server.core.vocabulary import Tier
from reference_server.limits.limiter import MovingWindowLimiter
from reference_server.mutants.bending import replaced
from reference_server.mutants.benign.edge import benign
from reference_server.mutants.perm.calls import is_call
from reference_server.mutants.perm.elevating import around_messages
from reference_server.permissions.contracts import Decision
from reference_server.tools.ping import Ping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.core.principal import Principal
    from reference_server.core.vocabulary import Permission
    from reference_server.limits.contracts import Limiter
    from reference_server.mutants.perm.elevating import Next
    from reference_server.parts import Parts
    from reference_server.permissions.contracts import Permissions
    from reference_server.protocol.desk import Call, Desk
    from reference_server.tools.contracts import Tool

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


_SHELVES = 16


class _OwnReports:
    """Lets users and administrators reach one of several reports: that of their tenant."""

    def __init__(self, real: Permissions) -> None:
        self._real = real

    def for_tool(self, principal: Principal, tool: str) -> Decision:
        """Decide by the tenant about a report, as before about all else."""
        if not tool.startswith("report_"):
            return self._real.for_tool(principal, tool)
        is_own = tool == f"report_{principal.tenant_id.int % _SHELVES}"
        is_one = is_own and principal.tier in {Tier.USER, Tier.ADMIN}
        return Decision.ALLOWED if is_one else Decision.OTHER_TIER

    def consent_for(self, tool: str) -> Permission:
        """Ask for what was asked for before."""
        return self._real.consent_for(tool)

    def for_data(self, principal: Principal) -> Decision:
        """Decide as before."""
        return self._real.for_data(principal)


def _with_reports(parts: Parts) -> tuple[Tool, ...]:
    reports = (replace(Ping(), name=f"report_{number}") for number in range(_SHELVES))
    return (*parts.mcp.tools, *reports)


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
        "a-tool-of-ones-own",
        "Each tenant's list of tools has one that other tenants' have not.",
        touches=_POLICY,
        parts=replaced(
            {
                "permissions": lambda parts: _OwnReports(parts.permissions),
                "mcp.tools": _with_reports,
            }
        ),
    ),
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
