"""What is done for a caller: in a worker thread, as its principal, and audited.

Everything that the MCP server offers passes here, so that a principal is applied in one place.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import mcp_types as types
from mcp.server.streamable_http import MCP_SESSION_ID_HEADER
from mcp.shared.exceptions import MCPError

from reference_server.audit.contracts import AuditEvent
from reference_server.context import SCOPE_KEY
from reference_server.core.errors import StorageUnavailableError, UnknownObjectError
from reference_server.core.vocabulary import Outcome
from reference_server.observability.logs import log_event
from reference_server.permissions.contracts import Decision
from reference_server.tools.contracts import Caller

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from concurrent.futures import Executor

    from mcp.server import ServerRequestContext
    from starlette.requests import Request

    from reference_server.context import RequestContext
    from reference_server.core.vocabulary import EventType
    from reference_server.parts import Parts

    Call = ServerRequestContext[dict[str, Any], Request]

Result = TypeVar("Result")

LONGEST_NAME = 200
"""Characters of a name or URI, which is the caller's own text, that the trail keeps."""


class RefusedError(Exception):
    """A request that the protocol calls wrong; the message is for its sender."""


class FailedError(MCPError):
    """What is unknown, refused or failed, in the words that its caller is told."""


@dataclass(frozen=True)
class Act:
    """What the trail says was done; of some acts it tells their failures only."""

    event: EventType
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tells_success: bool = True
    failure: EventType | None = None
    """What its failure is called where that has a name of its own."""

    def ended(self, outcome: Outcome, **more: Any) -> AuditEvent:
        """Return the row's event for an act that ended so."""
        event = self.failure if self.failure and outcome is Outcome.FAILURE else self.event
        return AuditEvent(event, outcome, metadata={**self.metadata, **more})


class Desk:
    """Runs what callers ask for, each as the principal of the HTTP request that carried it."""

    def __init__(self, parts: Parts, executor: Executor) -> None:
        self._parts = parts
        self._executor = executor

    async def run(self, call: Call, act: Act, work: Callable[[Caller], Result]) -> Result:
        """Return what ``work`` returns, once its row is written.

        FailedError for what is unknown, refused or failed, MCPError when the row could not be
        written, and whatever MCPError ``work`` itself raises.
        """
        return await self.in_thread(self._attend, context_of(call), act, work)

    async def settle(self, call: Call, act: Act, work: Awaitable[Result]) -> Result:
        """Return what ``work`` results in, awaited here, once its row is written.

        Errors as from ``run``. What its client has given up has its row as well.
        """
        try:
            result = await work
        except asyncio.CancelledError:
            given_up = partial(_fail, RefusedError("The call was given up."))
            self._executor.submit(self._attend, context_of(call), act, given_up)
            raise
        except Exception as error:  # noqa: BLE001 -- raised again where its row is written
            return await self.run(call, act, partial(_fail, error))
        return await self.run(call, act, lambda _: result)

    async def in_thread(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """Return what ``work`` returns, run in a worker thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, work, *arguments)

    def caller(self, context: RequestContext) -> Caller:
        """Return who asks: there is no other place where this is decided."""
        assert context.principal is not None  # noqa: S101 -- the gate lets nobody else in
        return Caller(context.principal, context.request_id, self._parts.sessions)

    def caller_of(self, call: Call) -> Caller:
        """Return who makes a call."""
        return self.caller(context_of(call))

    def decision(self, call: Call, tool: str) -> Decision:
        """Return whether whoever calls reaches a tool: listing and calling ask here alone."""
        return self._parts.permissions.for_tool(self.caller_of(call).principal, tool)

    def reaches_tool(self, call: Call, tool: str) -> bool:
        """Tell whether whoever calls may call a tool."""
        return self.decision(call, tool) is Decision.ALLOWED

    def sees_tool(self, call: Call, tool: str) -> bool:
        """Tell whether a tool is there for whoever calls, also if its user would be asked first."""
        return self.decision(call, tool) in {Decision.ALLOWED, Decision.NO_CONSENT}

    def reaches_data(self, caller: Caller) -> bool:
        """Tell whether resources, prompts and completions are there for a caller."""
        return self._parts.permissions.for_data(caller.principal) is Decision.ALLOWED

    def _attend(
        self, context: RequestContext, act: Act, work: Callable[[Caller], Result]
    ) -> Result:
        try:
            return self._do(context, act, work)
        except StorageUnavailableError as error:
            event = str(act.event)
            log_event("act_unaudited", context.request_id, logging.ERROR, error=error, act=event)
            context.is_unaudited = True
            raise MCPError(types.INTERNAL_ERROR, "The request could not be audited.") from error

    def _do(self, context: RequestContext, act: Act, work: Callable[[Caller], Result]) -> Result:
        try:
            result = work(self.caller(context))
        except (UnknownObjectError, RefusedError) as error:
            self._write(context, act.ended(Outcome.FAILURE, reason=str(error)))
            raise FailedError(types.INVALID_PARAMS, str(error)) from error
        except MCPError as error:
            self._write(context, act.ended(Outcome.FAILURE, reason=error.error.message))
            raise
        except Exception as error:
            text = self._report(error, context, act)
            raise FailedError(types.INTERNAL_ERROR, text) from error
        if act.tells_success:
            self._write(context, act.ended(Outcome.SUCCESS))
        return result

    def _report(self, error: Exception, context: RequestContext, act: Act) -> str:
        """Put the details, scrubbed there, into log and trail; return what the caller is told."""
        facts = {"act": str(act.event), "reason": str(error)}
        log_event("act_failed", context.request_id, logging.ERROR, error=error, **facts)
        self._write(context, act.ended(Outcome.FAILURE, reason=str(error)))
        return self._parts.mcp.describe_failure(error, context)

    def _write(self, context: RequestContext, event: AuditEvent) -> None:
        self._parts.trail.write(context.attribute(event))


def context_of(call: Call) -> RequestContext:
    """Return the context of the HTTP request that carried this very message.

    Never the session's: one session carries many requests, each with its own id.
    """
    assert call.request is not None  # noqa: S101 -- Streamable HTTP attaches it to every message
    return call.request.scope[SCOPE_KEY]


def principal_owner(parts: Parts, call: Call) -> str:
    """Return the principal of a call, as sessions, cursors and subscriptions are bound to it."""
    principal = context_of(call).principal
    assert principal is not None  # noqa: S101 -- the gate lets nobody else in
    return parts.mcp.session_owner(principal)


def session_id(call: Call) -> str:
    """Return the id of the session that carried the call; "" where there are no sessions."""
    return call.request.headers.get(MCP_SESSION_ID_HEADER, "") if call.request else ""


def _fail(error: Exception, caller: Caller) -> NoReturn:
    """Raise what work ended with, as if it had been done for the caller just now."""
    del caller
    raise error
