"""Calls of the profile's tools, as a tenant makes them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.channels.http.own import ids_listed, own_arguments
from conformance.checks.mcp._subscribers import changes
from conformance.forge.filling import with_filled_in
from conformance.forge.guise import own_word
from conformance.verdicts import NotAssessedError, NotEstablishedError

if TYPE_CHECKING:
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys, TenantKeys
    from conformance.profile.sections import TellingTool


@dataclass(frozen=True)
class Call:
    """A tool to call, with arguments of its caller's own."""

    name: str
    arguments: dict[str, Any]

    def __str__(self) -> str:
        """Tell the tool's name."""
        return self.name


def calls_of(wire: Wire, keys: Keys, tenant: TenantKeys) -> list[Call]:
    """Return what a tenant may call, first what is likeliest to tell of its work."""
    tools = wire.target.tools
    found = [told_of(wire, tool, tenant) for tool in tools.telling]
    if tools.change is not None:
        with suppress(NotAssessedError):
            made = changes(wire, tools.change, keys)
            found.append(Call(tools.change.name, made.arguments(tenant)))
    for tool in tools.by_id:
        ids = ids_listed(wire, tool, tenant.active)
        found += [Call(tool.name, tool.of(one)) for one in ids[:1]]
    if tools.task is not None:
        with suppress(NotEstablishedError):
            found.append(Call(tools.task.name, own_arguments(wire, tools.task, tenant.active)))
    found += [Call(name, {}) for name in (tools.ping, tools.tenant_data) if name]
    return found


def told_of(wire: Wire, tool: TellingTool, tenant: TenantKeys) -> Call:
    """Return the call of a tool that tells of its work, with a word of its own where it has one."""
    own = own_arguments(wire, tool, tenant.active)
    return Call(tool.name, with_filled_in(own, {"unique": own_word()}))
