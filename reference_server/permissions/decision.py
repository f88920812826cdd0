"""The one permission decision: tier and scope of a caller against the server of a tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.core.errors import ConfigurationError
from reference_server.core.principal import implied
from reference_server.core.vocabulary import Permission
from reference_server.permissions.contracts import OF_A_TENANT, Decision

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reference_server.core.principal import Principal
    from reference_server.permissions.contracts import ToolServer


class TierPermissions:
    """Refuses by default: what no server has is nobody's, and no tier reaches more than is said.

    ConfigurationError where a tool belongs to two servers.
    """

    def __init__(self, servers: Iterable[ToolServer]) -> None:
        self._of_tool: dict[str, ToolServer] = {}
        for server in servers:
            for tool in server.tools:
                other = self._of_tool.setdefault(tool, server)
                if other is not server:
                    raise ConfigurationError(
                        f"The tool {tool} belongs to the servers {other.name} and {server.name}: "
                        "take it out of one of them."
                    )

    def for_tool(self, principal: Principal, tool: str) -> Decision:
        """Decide whether a caller sees a tool and may call it."""
        server = self._of_tool.get(tool)
        if server is None:
            return Decision.OF_NO_SERVER
        if principal.tier not in server.tiers:
            return Decision.OTHER_TIER
        if server.permission is not None and not principal.has_permission(server.permission):
            return Decision.NO_PERMISSION
        if principal.client_id is not None and server.consent not in implied(principal.scope):
            return Decision.NO_CONSENT
        return Decision.ALLOWED

    def consent_for(self, tool: str) -> Permission:
        """Return what an OAuth client must have been granted, to call a tool."""
        server = self._of_tool.get(tool)
        return Permission.READ if server is None else server.consent

    def for_data(self, principal: Principal) -> Decision:
        """Decide whether a caller sees resources, prompts and completions: not nobody's."""
        return Decision.ALLOWED if principal.tier in OF_A_TENANT else Decision.OTHER_TIER
