"""Defects of the list of tools that a caller is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from reference_server.core.vocabulary import Tier
from reference_server.mutants.bending import mutant, replaced
from reference_server.mutants.benign.edge import rewritten
from reference_server.mutants.mcp.caching import said_public
from reference_server.mutants.perm.elevating import (
    around_messages,
    as_somebody_else,
    elevated_where,
    of_tier,
)
from reference_server.permissions.contracts import ToolServer
from reference_server.permissions.decision import TierPermissions
from reference_server.permissions.servers import ADMINISTRATION
from reference_server.protocol.desk import context_of
from reference_server.wiring import servers_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.core.principal import Principal
    from reference_server.mutants.perm.elevating import Next
    from reference_server.parts import Parts
    from reference_server.permissions.contracts import Decision
    from reference_server.protocol.desk import Call, Desk

LIST = "tools/list"


def is_list(call: Call) -> bool:
    """Tell whether a message asks for the list of tools."""
    return call.method == LIST


def _as_few(call: Call, principal: Principal) -> Principal | None:
    is_meant = is_list(call) and principal.tier is Tier.MCP
    return of_tier(principal, Tier.ANONYMOUS) if is_meant else None


def _cached(by: Callable[[Call], object]) -> Callable[[Parts], Parts]:
    """Return a change of parts that keeps a list of tools for whoever asks next."""
    kept = dict[object, Any]()

    async def around(call: Call, call_next: Next, desk: Desk) -> Any:
        del desk
        if not is_list(call):
            return await call_next(call)
        key = (call.protocol_version, by(call))
        if key not in kept:
            kept[key] = await call_next(call)
        return kept[key]

    return around_messages(around)


def _tenant(call: Call) -> object:
    principal = context_of(call).principal
    return principal and principal.tenant_id


class _ByRateTier(TierPermissions):
    """Takes the rate tier for the tier."""

    def for_tool(self, principal: Principal, tool: str) -> Decision:
        """Decide by how often somebody may ask."""
        return super().for_tool(of_tier(principal, principal.rate_tier), tool)


_SERVICES_TOO = ToolServer(
    ADMINISTRATION.name, ADMINISTRATION.tools, frozenset({Tier.ADMIN, Tier.SERVICE})
)


def _wider(parts: Parts) -> TierPermissions:
    servers = servers_of(parts.plugins.plugins)
    others = (server for server in servers if server is not ADMINISTRATION)
    return TierPermissions((*others, _SERVICES_TOO))


MUTANTS = (
    mutant(
        "tools-listed-to-everybody",
        "PERM-01",
        "Every caller is listed every tool.",
        parts=elevated_where(is_list),
    ),
    mutant(
        "tools-listed-to-everybody-in-sessions",
        "PERM-01",
        "In the older revisions every caller is listed every tool.",
        parts=elevated_where(
            lambda call: is_list(call) and call.protocol_version not in MODERN_PROTOCOL_VERSIONS
        ),
    ),
    mutant(
        "tools-not-listed-that-one-may-call",
        "PERM-01",
        "A tier is not listed tools that it may call.",
        parts=as_somebody_else(_as_few),
    ),
    mutant(
        "tools-cached-for-everybody",
        "PERM-01",
        "The list of whoever asked first is everybody's.",
        parts=_cached(lambda _: None),
    ),
    mutant(
        "tools-cached-by-tenant",
        "PERM-01",
        "The list of whoever asked first is that of its whole tenant.",
        parts=_cached(_tenant),
    ),
    mutant(
        "varying-tools-said-public",
        "PERM-01",
        "Lists of tools that vary by caller may be kept for everybody, as they say.",
        parts=rewritten(said_public("tools")),
    ),
    mutant(
        "services-administrate",
        "PERM-01 PERM-02 PERM-08",
        "The tier service stands above admin.",
        parts=replaced({"permissions": _wider}),
    ),
    mutant(
        "tier-by-rate-tier",
        "PERM-01 PERM-02 PERM-08",
        "What a caller reaches depends on its rate tier.",
        parts=replaced(
            {"permissions": lambda parts: _ByRateTier(servers_of(parts.plugins.plugins))}
        ),
    ),
)
