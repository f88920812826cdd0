"""What a plugin is, where its secrets come from, and what is asked of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from reference_server.core.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from reference_server.core.vocabulary import Tier

CUSTOM_LIST = "SYSTEMPROMPT_CUSTOM_SECRETS"
"""The variable that lists all other secrets of a process, in upper case, separated by commas."""
SHORTEST_SECRET = 8
"""Characters: a shorter one could not be told from ordinary text in what a tool answers."""


class ExecutionStatus(StrEnum):
    """How it stands with an execution, as its rows say it. The values are the contract."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    NOT_CONNECTED = "not_connected"
    TIMED_OUT = "timed_out"
    TOO_MUCH = "too_much_output"
    ENDED = "ended_early"
    GARBLED = "garbled"
    BUSY = "busy"
    GIVEN_UP = "given_up"


@dataclass(frozen=True)
class PluginVariableDef:
    """A variable of a plugin's environment.

    A secret is looked up for the caller's tenant at each call. What is the same for every tenant
    has its ``value`` here: what is no secret, and a ``shared`` one, which is the operator's own.
    Without a required one no process is started.
    """

    name: str
    secret: bool = True
    required: bool = True
    value: str | None = field(default=None, repr=False)
    shared: bool = False


@dataclass(frozen=True)
class PluginToolDef:
    """A tool as it is announced: in the operator's words, so that a plugin cannot change them."""

    name: str
    description: str
    input_schema: Mapping[str, Any]
    tiers: frozenset[Tier]


@dataclass(frozen=True)
class PluginBounds:
    """What one process may take: of time, of memory, and of output."""

    seconds: float = 10.0
    memory_bytes: int = 512 * 1024 * 1024
    output_bytes: int = 256 * 1024


@dataclass(frozen=True)
class PluginDef:
    """A program that speaks MCP on its standard input and output, and what it offers."""

    name: str
    command: tuple[str, ...]
    tools: tuple[PluginToolDef, ...]
    variables: tuple[PluginVariableDef, ...] = ()
    path: str = "/usr/local/bin:/usr/bin:/bin"
    bounds: PluginBounds = PluginBounds()


class PluginSecrets(Protocol):
    """Where tenants' secrets for plugins are kept."""

    def get(self, tenant: UUID, name: str) -> str | None:
        """Return a tenant's secret; None where it has none, ToolError where it cannot be had."""
        ...


@dataclass(frozen=True)
class Delivery:
    """All that a process is given, and what of it must not come back.

    ``variables`` are its whole environment; ``credentials`` the secret values among them.
    """

    variables: Mapping[str, str] = field(repr=False)
    credentials: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Order:
    """One call of a plugin's tool, for one tenant."""

    tenant: UUID
    plugin: PluginDef
    tool: str
    arguments: Mapping[str, Any]
    delivery: Delivery


class PluginError(ToolError):
    """A call of a plugin failed; the message is for the caller, and holds nothing of the plugin."""

    def __init__(self, status: ExecutionStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class PluginRunner(Protocol):
    """Runs calls, each in a process of its own or at least of its own tenant."""

    async def run(self, order: Order) -> dict[str, Any]:
        """Return the result as the protocol has it (`CallToolResult`), unmasked; PluginError."""
        ...


@dataclass(frozen=True)
class PluginParts:
    """What tools of other programs are made of."""

    plugins: Sequence[PluginDef]
    secrets: PluginSecrets
    runner: PluginRunner
    deliver: Callable[[PluginDef, UUID, PluginSecrets], Delivery]
    """Returns what a process is given; PluginError where something required is missing."""
    mask: Callable[[Any, Sequence[str]], Any]
    """Returns a JSON value without credentials in any form that is known."""
    is_withheld: Callable[[Any, Sequence[str]], bool]
    """Whether a value, unmasked, spells a credential out in pieces, which no mask can take out."""
