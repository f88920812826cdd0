"""What an MCP tool is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.core.principal import Principal
    from reference_server.db.contracts import TenantSessions


class Tool(Protocol):
    """One MCP tool. ``run`` is synchronous; the registry calls it in a worker thread."""

    @property
    def name(self) -> str:
        """The name it is called by."""
        ...

    @property
    def description(self) -> str:
        """What it does, for the model that chooses."""
        ...

    @property
    def input_schema(self) -> dict[str, Any]:
        """The JSON Schema that its arguments are validated against."""
        ...

    def run(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Return the structured result; ToolError or any exception becomes a failed result."""
        ...


@dataclass(frozen=True)
class Caller:
    """What a tool, a resource or a prompt may know of its caller.

    ``changed`` takes the URIs of resources that the call has changed, and `tools/list` or
    `prompts/list` where it changed one of these: once it is audited, the caller's own subscribers
    are told of them.
    """

    principal: Principal
    request_id: str
    sessions: TenantSessions
    changed: list[str] = field(default_factory=list[str])
