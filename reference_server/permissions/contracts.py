"""What a permission is asked for, and what it is answered with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from reference_server.core.vocabulary import Permission, Tier

if TYPE_CHECKING:
    from reference_server.core.principal import Principal

EVERYBODY = frozenset(Tier)
"""All tiers."""

OF_A_TENANT = EVERYBODY - {Tier.ANONYMOUS}
"""Those of whom it is known for which tenant they act."""


class Decision(StrEnum):
    """Whether a caller reaches something, and why not; the values are what the trail says."""

    ALLOWED = "allowed"
    OF_NO_SERVER = "refused: the tool belongs to no server"
    OTHER_TIER = "refused: the caller's tier does not reach the tool's server"
    NO_PERMISSION = "refused: the caller's scope lacks the permission of the tool's server"
    NO_CONSENT = "refused: the caller's client was not granted the scope of the tool's server"
    """The tool is there for the user, who may grant it: the client is told to ask for it."""


@dataclass(frozen=True)
class ToolServer:
    """A named group of tools, and who reaches them.

    ``permission`` is what a caller's scope must name besides, where anything; ``consent`` is what a
    user must have granted to the OAuth client that acts for him, where one does.
    """

    name: str
    tools: frozenset[str]
    tiers: frozenset[Tier] = OF_A_TENANT
    permission: str | None = None
    consent: Permission = Permission.READ


class Permissions(Protocol):
    """Decides what a caller reaches, by his identity alone: nothing that he sends is looked at."""

    def for_tool(self, principal: Principal, tool: str) -> Decision:
        """Decide whether a caller sees a tool and may call it."""
        ...

    def consent_for(self, tool: str) -> Permission:
        """Return what an OAuth client must have been granted, to call a tool."""
        ...

    def for_data(self, principal: Principal) -> Decision:
        """Decide whether a caller sees resources, prompts and completions."""
        ...
