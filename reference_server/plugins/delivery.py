"""What a plugin's process is given: the declared variables, for one tenant, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.core.vocabulary import Provider
from reference_server.plugins.contracts import (
    CUSTOM_LIST,
    SHORTEST_SECRET,
    Delivery,
    ExecutionStatus,
    PluginError,
)

if TYPE_CHECKING:
    from uuid import UUID

    from reference_server.plugins.contracts import PluginDef, PluginSecrets, PluginVariableDef


def deliver(plugin: PluginDef, tenant: UUID, secrets: PluginSecrets) -> Delivery:
    """Return the environment of a process that works for a tenant; nothing is inherited.

    A provider's key has its own name alone. Any other secret stands under its name and under that
    in upper case, which ``SYSTEMPROMPT_CUSTOM_SECRETS`` lists. PluginError where a required one is
    missing.
    """
    variables = {"PATH": plugin.path}
    credentials: list[str] = []
    custom: list[str] = []
    for variable in plugin.variables:
        value = _value(variable, tenant, secrets)
        if value is None:
            continue
        variables[variable.name] = value
        if not variable.secret:
            continue
        credentials.append(value)
        if variable.name not in set(Provider):
            variables[variable.name.upper()] = value
            custom.append(variable.name.upper())
    variables[CUSTOM_LIST] = ",".join(custom)
    return Delivery(variables, tuple(credentials))


def _value(variable: PluginVariableDef, tenant: UUID, secrets: PluginSecrets) -> str | None:
    is_own = variable.secret and not variable.shared
    found = secrets.get(tenant, variable.name) if is_own else variable.value
    if found is None and variable.required:
        whose = "for this tenant" if is_own else "at this server"
        raise _not_connected(f"{variable.name} is not set {whose}")
    if found is not None and "\0" in found:
        raise _not_connected(f"{variable.name} holds a zero byte")
    if found is not None and variable.secret and len(found) < SHORTEST_SECRET:
        raise _not_connected(f"{variable.name} has fewer than {SHORTEST_SECRET} characters")
    return found


def _not_connected(reason: str) -> PluginError:
    return PluginError(ExecutionStatus.NOT_CONNECTED, f"The tool is not connected: {reason}.")
