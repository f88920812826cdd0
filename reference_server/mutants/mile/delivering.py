"""Defects of what a plugin's process is given."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from reference_server.core.vocabulary import Provider
from reference_server.mutants.bending import mutant, replaced
from reference_server.mutants.mile._bending import KeptRunner, delivering
from reference_server.plugins.contracts import CUSTOM_LIST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from reference_server.plugins.contracts import Delivery, Order, PluginRunner, PluginSecrets
    from reference_server.plugins.secrets import FilePluginSecrets, VaultPluginSecrets

_NAMES = (*map(str, Provider), "crm_token", "Ledger_Key")


def _inherited(given: Delivery, tenant: UUID, secrets: PluginSecrets) -> Mapping[str, str]:
    del tenant, secrets
    return {**os.environ, **given.variables}


def _inherited_last(given: Delivery, tenant: UUID, secrets: PluginSecrets) -> Mapping[str, str]:
    del tenant, secrets
    return {**given.variables, **os.environ}


def _all_but_some(given: Delivery, tenant: UUID, secrets: PluginSecrets) -> Mapping[str, str]:
    """Leave out what is known to be secret, and inherit all else."""
    del tenant, secrets
    hidden = ("SECRET", "TOKEN", "PASSWORD", "KEY")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not any(word in name.upper() for word in hidden)
    }
    return {**kept, **given.variables}


def _of_everybody(given: Delivery, tenant: UUID, secrets: PluginSecrets) -> Mapping[str, str]:
    folder = cast("FilePluginSecrets", cast("VaultPluginSecrets", secrets).files).folder
    others = [one for one in sorted(folder.iterdir()) if one.name != str(tenant)]
    more = {
        f"{name}_{number}": (other / name).read_text("utf-8")
        for number, other in enumerate(others)
        for name in _NAMES
    }
    return {**given.variables, **more}


def _without(*names: str) -> Any:
    def bend(given: Delivery, tenant: UUID, secrets: PluginSecrets) -> Mapping[str, str]:
        del tenant, secrets
        return {name: value for name, value in given.variables.items() if name not in names}

    return delivering(bend)


def _with_values(names: Sequence[str], told: Mapping[str, str]) -> str:
    return ",".join(f"{name}={told[name]}" for name in names)


def _by_spaces(names: Sequence[str], told: Mapping[str, str]) -> str:
    del told
    return " ".join(names)


def _but_one(names: Sequence[str], told: Mapping[str, str]) -> str:
    del told
    return ",".join(names[:-1])


def _with_list(made: Callable[[Sequence[str], Mapping[str, str]], str]) -> Any:
    def bend(given: Delivery, tenant: UUID, secrets: PluginSecrets) -> Mapping[str, str]:
        del tenant, secrets
        names = given.variables[CUSTOM_LIST].split(",")
        return {**given.variables, CUSTOM_LIST: made(names, given.variables)}

    return delivering(bend)


def _swapped(given: Delivery, tenant: UUID, secrets: PluginSecrets) -> Mapping[str, str]:
    del tenant, secrets
    told = given.variables
    return {**told, "OPENAI_API_KEY": told["GEMINI_API_KEY"]}


@dataclass
class _Remembered:
    """Remembers a secret by its name, as if there were one tenant."""

    secrets: PluginSecrets
    _known: dict[str, str | None] = field(default_factory=dict[str, "str | None"])

    def get(self, tenant: UUID, name: str) -> str | None:
        if name not in self._known:
            self._known[name] = self.secrets.get(tenant, name)
        return self._known[name]


@dataclass
class _OneAtATime:
    """Keeps what the next process is given where a second call writes, too."""

    runner: PluginRunner
    _next: Order | None = None

    async def run(self, order: Order) -> dict[str, Any]:
        self._next = order
        await asyncio.sleep(0.05)
        return await self.runner.run(replace(order, delivery=self._next.delivery))


MUTANTS = (
    mutant(
        "tools-inherit-the-environment",
        "MILE-04",
        "A tool's process inherits the server's environment, and has its secrets beside it.",
        parts=delivering(_inherited),
    ),
    mutant(
        "tools-inherit-what-seems-harmless",
        "MILE-04",
        "A tool's process inherits every variable that is not called like a secret.",
        parts=delivering(_all_but_some),
    ),
    mutant(
        "environment-over-tenants-keys",
        "MILE-01 MILE-03 MILE-04",
        "What the server's own environment has goes before what the tenant has.",
        parts=delivering(_inherited_last),
    ),
    mutant(
        "tools-have-all-tenants-keys",
        "MILE-04",
        "A tool's process has the credentials of all tenants, with a number behind their names.",
        parts=delivering(_of_everybody),
    ),
    mutant(
        "secrets-remembered-by-name",
        "MILE-01 MILE-03 MILE-04",
        "Secrets are remembered by their names, so that the first caller's are everybody's.",
        parts=replaced({"plugins.secrets": lambda parts: _Remembered(parts.plugins.secrets)}),
    ),
    mutant(
        "process-kept-for-whoever-is-next",
        "MILE-01 MILE-03 MILE-04",
        "A tool's process is kept, and serves the next caller, whose tenant it may not be.",
        parts=replaced({"plugins.runner": lambda _: KeptRunner(lambda order: order.plugin.name)}),
    ),
    mutant(
        "processes-started-by-turns",
        "MILE-04",
        "What a process is given waits where another call at the same time writes as well.",
        parts=replaced({"plugins.runner": lambda parts: _OneAtATime(parts.plugins.runner)}),
    ),
    mutant(
        "a-providers-key-is-not-delivered",
        "MILE-01",
        "The key of one provider does not reach the process.",
        parts=_without("GEMINI_API_KEY"),
    ),
    mutant(
        "a-key-under-anothers-name",
        "MILE-01",
        "One provider's key stands under another one's name.",
        parts=delivering(_swapped),
    ),
    mutant(
        "custom-secrets-in-upper-case-alone",
        "MILE-03",
        "Custom secrets do not stand under their own names.",
        parts=_without("crm_token", "Ledger_Key"),
    ),
    mutant(
        "custom-secrets-in-their-own-case-alone",
        "MILE-03",
        "Custom secrets do not stand under their names in upper case.",
        parts=_without("CRM_TOKEN", "LEDGER_KEY"),
    ),
    mutant(
        "custom-secrets-unlisted",
        "MILE-03",
        "No variable lists the custom secrets.",
        parts=_without(CUSTOM_LIST),
    ),
    mutant(
        "custom-secrets-listed-with-values",
        "MILE-03",
        "The list of custom secrets has their values as well.",
        parts=_with_list(_with_values),
    ),
    mutant(
        "custom-secrets-listed-by-spaces",
        "MILE-03",
        "The names in the list of custom secrets have spaces between them.",
        parts=_with_list(_by_spaces),
    ),
    mutant(
        "custom-secrets-listed-but-one",
        "MILE-03",
        "The list of custom secrets leaves the last one out.",
        parts=_with_list(_but_one),
    ),
)
