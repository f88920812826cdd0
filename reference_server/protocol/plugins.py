"""Tools of other programs: each call has a process of its own, spoken to over the SDK's stdio.

A process serves one call of one tenant and ends with it. It is given what ``plugins.delivery``
says, so that no credential passes any argument, and nothing of a caller's but the arguments that
the tool declares: no header, no ``_meta``, no token. Its requests to its client (sampling,
elicitation, roots) are refused, its notices not passed on.
"""

from __future__ import annotations

import logging
import math
import sys
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from weakref import WeakValueDictionary

import anyio
import mcp_types as types
from mcp.client.session import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from reference_server.plugins import supervisor
from reference_server.plugins.contracts import Delivery, ExecutionStatus, Order, PluginError
from reference_server.plugins.executions import Execution
from reference_server.protocol.desk import RefusedError, context_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from uuid import UUID

    from reference_server.context import RequestContext
    from reference_server.parts import Parts
    from reference_server.plugins.contracts import PluginDef, PluginToolDef
    from reference_server.protocol.desk import Call, Desk
    from reference_server.tools.contracts import Caller

    _Failure = tuple[ExecutionStatus, str]

AT_ONCE = 16
"""Processes of all tenants."""
OF_ONE_TENANT = 4
"""Processes of one tenant: the next calls wait for these, and nobody else does."""
ROOM_SECONDS = 5.0
"""How long a call waits for its turn."""
_LONGEST_WORD = 64
_OF_THE_CLIENT = ("mcp.client.stdio", "client")
"""The SDK's loggers of its client side, which quote what they cannot read."""

_WORDS = {
    "output": (ExecutionStatus.TOO_MUCH, "The tool answered with too much."),
    "ended": (ExecutionStatus.ENDED, "The tool ended before it had answered."),
    "unstartable": (ExecutionStatus.ENDED, "The tool could not be started."),
}
"""What the supervisor's words mean, for the log and for callers."""
_TIMED_OUT = (ExecutionStatus.TIMED_OUT, "The tool did not answer in time.")
_GARBLED = (ExecutionStatus.GARBLED, "The tool's answer cannot be read.")
_BUSY = (ExecutionStatus.BUSY, "Too many calls of tools are under way: try again later.")
_WITHHELD = (ExecutionStatus.FAILED, "The tool's result is withheld: it spells a credential out.")


class _Unquoted(logging.Filter):
    """Has lines of the SDK's client say that something could not be read, and not what."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Take all that is of the process out of a record."""
        record.msg, record.args = "a plugin's process was not understood", ()
        record.exc_info = record.exc_text = None
        return True


_UNQUOTED = _Unquoted()


class StdioRunner:
    """Starts a supervised process for each call."""

    def __init__(self) -> None:
        self._rooms: WeakValueDictionary[UUID, anyio.Semaphore] = WeakValueDictionary()
        self._room: anyio.Semaphore | None = None
        for name in _OF_THE_CLIENT:
            logging.getLogger(name).addFilter(_UNQUOTED)

    async def run(self, order: Order) -> dict[str, Any]:
        """Return the result, unmasked; PluginError where there is none."""
        async with self._turn(order.tenant):
            # Unlinked from the start: one word of the supervisor's, and nothing of the process's.
            with tempfile.TemporaryFile("w+") as words:
                outcome = await self._asked(order, words)
                words.seek(0)
                word = words.read(_LONGEST_WORD)
        if isinstance(outcome, dict):
            return outcome
        raise PluginError(*(outcome if outcome is _TIMED_OUT else _WORDS.get(word, outcome)))

    @asynccontextmanager
    async def _turn(self, tenant: UUID) -> AsyncGenerator[None]:
        """Wait for a turn; PluginError where none comes in time."""
        everybody = self._room = self._room or anyio.Semaphore(AT_ONCE)
        own = self._rooms.setdefault(tenant, anyio.Semaphore(OF_ONE_TENANT))
        with anyio.move_on_after(ROOM_SECONDS) as scope:
            await own.acquire()
            try:
                await everybody.acquire()
            except BaseException:
                own.release()
                raise
        if scope.cancelled_caught:
            raise PluginError(*_BUSY)
        try:
            yield
        finally:
            everybody.release()
            own.release()

    async def _asked(self, order: Order, words: Any) -> dict[str, Any] | _Failure:
        """Start the process, ask it, and end it; return what it answered, or what went wrong."""
        outcome: dict[str, Any] | _Failure = _TIMED_OUT
        try:
            async with (
                stdio_client(parameters_of(order.plugin, order.delivery), words) as streams,
                ClientSession(*streams) as session,
            ):
                with anyio.move_on_after(order.plugin.bounds.seconds):
                    outcome = await ask(session, order, is_new=True)
        except (OSError, ValueError):
            return _WORDS["unstartable"]
        return outcome


def parameters_of(plugin: PluginDef, delivery: Delivery) -> StdioServerParameters:
    """Return how a process is started: by the supervisor, which is told what to pass on to it.

    The SDK adds variables of ours (HOME, USER and others), which end at the supervisor. Arguments
    of a process can be read by every account of the machine: they hold names, and no values.
    """
    bounds = plugin.bounds
    options = [f"--pass={name}" for name in delivery.variables]
    options += [f"--memory={bounds.memory_bytes}", f"--output={bounds.output_bytes}"]
    options += [f"--processor={math.ceil(bounds.seconds) + 1}"]
    return StdioServerParameters(
        command=sys.executable,
        args=["-I", "-S", str(Path(supervisor.__file__)), *options, "--", *plugin.command],
        env=dict(delivery.variables),
    )


async def ask(session: ClientSession, order: Order, *, is_new: bool) -> dict[str, Any] | _Failure:
    """Return what a process answers to a call, errors of its own included."""
    params = types.CallToolRequestParams(name=order.tool, arguments=dict(order.arguments))
    try:
        if is_new:
            await session.initialize()
        # Not by the session's own `call_tool`, which lists the tools first, to validate results.
        found = await session.send_request(
            types.CallToolRequest(params=params), types.CallToolResult
        )
    except MCPError as error:
        if error.error.code == types.CONNECTION_CLOSED:
            return _WORDS["ended"]
        told = {"type": "text", "text": error.error.message}
        return {"content": [told], "isError": True}
    except (ValidationError, RuntimeError, ValueError):
        return _GARBLED
    return found.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"meta"})


@dataclass(frozen=True)
class PluginTool:
    """A tool of a plugin, as the endpoint serves it."""

    parts: Parts
    desk: Desk
    plugin: PluginDef
    tool: PluginToolDef

    @property
    def name(self) -> str:
        """The name it is called by."""
        return self.tool.name

    @property
    def description(self) -> str:
        """What it does, in the operator's words."""
        return self.tool.description

    @property
    def input_schema(self) -> dict[str, Any]:
        """What its arguments must be; what it does not name does not reach the process."""
        return dict(self.tool.input_schema)

    async def call(
        self, call: Call, params: types.CallToolRequestParams, caller: Caller
    ) -> types.CallToolResult:
        """Return the masked result, between the execution's two rows.

        RefusedError for what went wrong, in words for the caller.
        """
        context = context_of(call)
        given = await self.desk.in_thread(self._given, caller.principal.tenant_id)
        credentials = given.credentials if isinstance(given, Delivery) else ()
        arguments = params.arguments or {}
        execution = Execution(
            id=str(uuid4()),
            plugin=self.plugin.name,
            tool=self.name,
            input=self.parts.plugins.mask(arguments, credentials),
            started=self.parts.clock.now(),
        )
        await self.desk.in_thread(self._write, context, execution.begun())
        order = Order(
            tenant=caller.principal.tenant_id,
            plugin=self.plugin,
            tool=self.name,
            arguments=arguments,
            delivery=given if isinstance(given, Delivery) else Delivery({}),
        )
        refusal = None if isinstance(given, Delivery) else given
        return await self._recorded(execution, context, order, refusal)

    async def _recorded(
        self,
        execution: Execution,
        context: RequestContext,
        order: Order,
        refusal: PluginError | None,
    ) -> types.CallToolResult:
        """Carry an order out, and store how it ended before anything of it is told."""
        status = ExecutionStatus.GIVEN_UP
        try:
            if refusal is not None:
                raise refusal
            result = await self._masked(order)
            status = ExecutionStatus.FAILED if result.is_error else ExecutionStatus.SUCCEEDED
        except PluginError as error:
            status = error.status
            raise RefusedError(str(error)) from None
        finally:
            row = execution.ended(status, self.parts.clock.now())
            with anyio.CancelScope(shield=True):
                await self.desk.in_thread(self._write, context, row)
        return result

    async def _masked(self, order: Order) -> types.CallToolResult:
        found = await self.parts.plugins.runner.run(order)
        try:
            return await self.desk.in_thread(self._safe, found, order.delivery.credentials)
        except ValidationError:
            raise PluginError(*_GARBLED) from None

    def _safe(self, found: Mapping[str, Any], credentials: tuple[str, ...]) -> types.CallToolResult:
        if self.parts.plugins.is_withheld(found, credentials):
            raise PluginError(*_WITHHELD)
        masked = self.parts.plugins.mask(found, credentials)
        return types.CallToolResult.model_validate(masked, by_name=False)

    def _given(self, tenant: UUID) -> Delivery | PluginError:
        plugins = self.parts.plugins
        try:
            return plugins.deliver(self.plugin, tenant, plugins.secrets)
        except PluginError as error:
            return error

    def _write(self, context: RequestContext, event: Any) -> None:
        self.parts.trail.write(context.attribute(event))


def plugin_tools(parts: Parts, desk: Desk) -> tuple[PluginTool, ...]:
    """Return the tools of all plugins."""
    made = partial(PluginTool, parts, desk)
    return tuple(made(plugin, tool) for plugin in parts.plugins.plugins for tool in plugin.tools)
