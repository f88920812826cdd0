"""Calls of the profile's tools, as a tenant makes them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.channels.http.own import own_arguments
from conformance.checks.mcp._subscribers import changes
from conformance.forge.objects import ids_in
from conformance.verdicts import NotAssessedError, NotEstablishedError

if TYPE_CHECKING:
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys, TenantKeys


@dataclass(frozen=True)
class Call:
    """A tool to call, with arguments of its caller's own."""

    name: str
    arguments: dict[str, Any]


def calls_of(wire: Wire, keys: Keys, tenant: TenantKeys) -> list[Call]:
    """Return what a tenant may call, first what is likeliest to tell of its work."""
    tools = wire.target.tools
    found: list[Call] = []
    if tools.change is not None:
        with suppress(NotAssessedError):
            made = changes(wire, tools.change, keys)
            found.append(Call(tools.change.name, made.arguments(tenant)))
    for tool in tools.by_id:
        ids = ids_in(wire.call_tool(tool.listed_by, {}, key=tenant.active).data, tool.id_field)
        found += [Call(tool.name, {tool.argument: one}) for one in ids[:1]]
    if tools.task is not None:
        with suppress(NotEstablishedError):
            found.append(Call(tools.task.name, own_arguments(wire, tools.task, tenant.active)))
    found += [Call(name, {}) for name in (tools.ping, tools.tenant_data) if name]
    return found
