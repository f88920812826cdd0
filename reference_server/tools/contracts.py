"""What an MCP tool is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcp_types import LoggingLevel

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
class Question:
    """What a tool asks the caller's user before it acts.

    ``schema`` is of the form that is filled in, ``state`` what the tool needs to go on: JSON that
    comes back unchanged, from the same principal and for the same call only. With ``url`` there is
    no form, but a page to open.
    """

    message: str
    schema: dict[str, Any]
    state: Mapping[str, Any]
    url: str | None = None


@dataclass(frozen=True)
class Reply:
    """A user's answer, with the state of its question; ``content`` is None where it was a no."""

    state: Mapping[str, Any]
    content: Mapping[str, Any] | None


@runtime_checkable
class AskingTool(Tool, Protocol):
    """A tool that asks first. ``run`` is for clients that nobody can be asked through."""

    def ask(self, arguments: Mapping[str, Any], caller: Caller) -> Question:
        """Return the question, and change nothing."""
        ...

    def go_on(self, reply: Reply, caller: Caller) -> Mapping[str, Any]:
        """Return the structured result, after what was agreed to has been done."""
        ...


@runtime_checkable
class SlowTool(Tool, Protocol):
    """A tool that runs as a task where the client can follow one."""

    @property
    def delay(self) -> float:
        """Seconds that a task of it waits before it begins."""
        ...


@dataclass(frozen=True)
class Step:
    """A step of a tool's work; ``level`` is one of those of RFC 5424, as log messages have them."""

    level: LoggingLevel
    text: str


@dataclass(frozen=True)
class Caller:
    """What a tool, a resource or a prompt may know of its caller.

    ``changed`` takes the URIs of resources that the call has changed, and `tools/list` or
    `prompts/list` where it changed one of these: once it is audited, the caller's own subscribers
    are told of them. ``steps`` takes what the call has done: the caller is told of it as far as it
    has asked for progress and log messages.
    """

    principal: Principal
    request_id: str
    sessions: TenantSessions
    changed: list[str] = field(default_factory=list[str])
    steps: list[Step] = field(default_factory=list[Step])


def no_arguments() -> dict[str, Any]:
    """Return the schema of a tool that takes none."""
    return {"type": "object", "properties": {}, "additionalProperties": False}
