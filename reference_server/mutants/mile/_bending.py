"""What bends a call of a plugin: before it is run, in what it is given, and in what it answers."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mcp.client.session import ClientSession
from mcp.client.stdio import stdio_client

from reference_server.mutants.bending import replaced
from reference_server.mutants.perm.elevating import around_messages, params_of
from reference_server.plugins.contracts import Delivery, PluginError
from reference_server.protocol.desk import context_of
from reference_server.protocol.plugins import ask, parameters_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from uuid import UUID

    from reference_server.mutants.perm.elevating import Next
    from reference_server.parts import Parts
    from reference_server.plugins.contracts import (
        Order,
        PluginDef,
        PluginRunner,
        PluginSecrets,
    )
    from reference_server.protocol.desk import Call, Desk

    Change = Callable[[Parts], Parts]


@dataclass(frozen=True)
class BentRunner:
    """Runs orders that ``bend`` has changed, and answers as ``answer`` has it."""

    runner: PluginRunner
    bend: Callable[[Order], Order] = lambda order: order
    answer: Callable[[Order, dict[str, Any]], dict[str, Any]] = lambda _, found: found

    async def run(self, order: Order) -> dict[str, Any]:
        """Run the bent order."""
        return self.answer(order, await self.runner.run(self.bend(order)))


def running(bend: Callable[[Order], Order]) -> Change:
    """Return a change of parts in which orders are bent before they are run."""
    return replaced({"plugins.runner": lambda parts: BentRunner(parts.plugins.runner, bend)})


@dataclass(frozen=True)
class Sent:
    """What a caller sends beside a tool's arguments; headers by names in small letters."""

    headers: Mapping[str, str]
    meta: Mapping[str, Any]


def hearing(bend: Callable[[Order, Sent], Order]) -> Change:
    """Return a change of parts in which orders are bent by what else their caller has sent."""
    heard = ContextVar[Sent]("heard")

    async def around(call: Call, call_next: Next, desk: Desk) -> Any:
        del desk
        headers = {name.lower(): value for name, value in context_of(call).headers}
        token = heard.set(Sent(headers, params_of(call).get("_meta") or {}))
        try:
            return await call_next(call)
        finally:
            heard.reset(token)

    def change(parts: Parts) -> Parts:
        return running(lambda order: bend(order, heard.get()))(around_messages(around)(parts))

    return change


def answering(answer: Callable[[Order, dict[str, Any]], dict[str, Any]]) -> Change:
    """Return a change of parts in which what a process answers is looked at, or changed."""
    return replaced(
        {"plugins.runner": lambda parts: BentRunner(parts.plugins.runner, answer=answer)}
    )


def with_variables(order: Order, more: Mapping[str, str]) -> Order:
    """Return an order whose process has some more variables, or others."""
    return replace(
        order, delivery=replace(order.delivery, variables={**order.delivery.variables, **more})
    )


def delivering(bend: Callable[[Delivery, UUID, PluginSecrets], Mapping[str, str]]) -> Change:
    """Return a change of parts in which a process has other variables than it should."""

    def make(parts: Parts) -> Any:
        real = parts.plugins.deliver

        def deliver(plugin: PluginDef, tenant: UUID, secrets: PluginSecrets) -> Delivery:
            given = real(plugin, tenant, secrets)
            return replace(given, variables=bend(given, tenant, secrets))

        return deliver

    return replaced({"plugins.deliver": make})


def masking(mask: Callable[[Callable[[Any, Any], Any]], Callable[[Any, Any], Any]]) -> Change:
    """Return a change of parts that masks otherwise, and withholds nothing."""
    return replaced(
        {
            "plugins.mask": lambda parts: mask(parts.plugins.mask),
            "plugins.is_withheld": lambda _: _withholds_nothing,
        }
    )


def _withholds_nothing(value: Any, credentials: Any) -> bool:
    del value, credentials
    return False


def opened(parts: Parts) -> Any:
    """Return the plugins with tools that take any argument."""
    return tuple(
        replace(
            plugin,
            tools=tuple(
                replace(tool, input_schema={**tool.input_schema, "additionalProperties": True})
                for tool in plugin.tools
            ),
        )
        for plugin in parts.plugins.plugins
    )


@dataclass
class KeptRunner:
    """Keeps a process for the next call that has the same key."""

    key: Callable[[Order], Hashable]
    _sessions: dict[Hashable, asyncio.Future[ClientSession]] = field(
        default_factory=dict["Hashable", "asyncio.Future[ClientSession]"]
    )
    _tasks: set[asyncio.Task[None]] = field(default_factory=set["asyncio.Task[None]"])

    async def run(self, order: Order) -> dict[str, Any]:
        """Ask the process that is there, or one that is started."""
        key, ready = self.key(order), asyncio.get_running_loop().create_future()
        kept = self._sessions.setdefault(key, ready)
        if kept is ready:
            self._tasks.add(asyncio.create_task(self._live(order, ready)))
        async with asyncio.timeout(order.plugin.bounds.seconds):
            outcome = await ask(await asyncio.shield(kept), order, is_new=False)
        if isinstance(outcome, dict):
            return outcome
        raise PluginError(*outcome)

    async def _live(self, order: Order, ready: asyncio.Future[ClientSession]) -> None:
        async with (
            stdio_client(parameters_of(order.plugin, order.delivery)) as streams,
            ClientSession(*streams) as session,
        ):
            await session.initialize()
            ready.set_result(session)
            await asyncio.Event().wait()
