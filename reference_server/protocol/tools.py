"""Tools: listed, and run for their caller, audited before the answer is returned."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import mcp_types as types
from mcp.shared.exceptions import MCPError

from reference_server.audit.contracts import AuditEvent
from reference_server.core.errors import CallerError, StorageUnavailableError
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.observability.logs import log_event
from reference_server.permissions.contracts import Decision
from reference_server.protocol.arguments import LONGEST_NAME, find_bad_argument
from reference_server.protocol.desk import context_of
from reference_server.protocol.pages import refuse_cursor
from reference_server.protocol.questions import (
    as_result,
    ask_in_session,
    can_be_asked,
    is_answered_later,
    reply_in,
)
from reference_server.protocol.tasks import knows_tasks
from reference_server.tools.contracts import AskingTool, Question, SlowTool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.context import RequestContext
    from reference_server.parts import Parts
    from reference_server.protocol.desk import Call, Desk
    from reference_server.protocol.notices import Notices
    from reference_server.protocol.subscriptions import Subscriptions
    from reference_server.protocol.tasks import TaskDesk
    from reference_server.tools.contracts import Caller, Reply, Tool


@dataclass(frozen=True)
class Asked:
    """What a call asks of a tool; ``reply`` is the answer to what the tool asked before."""

    arguments: Mapping[str, Any]
    can_be_asked: bool
    reply: Reply | None

    def put_to(self, tool: Tool, caller: Caller) -> dict[str, Any] | Question:
        """Return what a tool makes of it: its structured result, or a question."""
        if not isinstance(tool, AskingTool) or not self.can_be_asked:
            return dict(tool.run(self.arguments, caller))
        if self.reply is None:
            return tool.ask(self.arguments, caller)
        return dict(tool.go_on(self.reply, caller))


@dataclass(frozen=True)
class Named:
    """What a name stands for to whoever calls; no tool for a reason that the trail alone tells."""

    name: str
    tool: Tool | None
    reason: str = ""


class ToolDesk:
    """Serves `tools/list` and `tools/call`: arguments are validated before a tool is run."""

    def __init__(
        self,
        parts: Parts,
        desk: Desk,
        subscriptions: Subscriptions,
        tasks: TaskDesk,
        notices: Notices,
    ) -> None:
        self._parts = parts
        self._desk = desk
        self._subscriptions = subscriptions
        self._tasks = tasks
        self._notices = notices
        self._tools = {tool.name: tool for tool in parts.mcp.tools}

    async def list_tools(
        self, call: Call, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """Return every tool that the caller reaches, on one page."""
        refuse_cursor(params)
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=tool.name, description=tool.description, input_schema=tool.input_schema
                )
                for tool in self._tools.values()
                if self._desk.sees_tool(call, tool.name)
            ]
        )

    async def call_tool(
        self, call: Call, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        """Run one tool in a worker thread; MCPError (-32602) for one that is not there for him."""
        context = context_of(call)
        caller = self._desk.caller(context)
        asked = Asked(params.arguments or {}, can_be_asked(call), reply_in(params))
        named = self._find(call, params.name)
        if isinstance(named.tool, SlowTool) and knows_tasks(call):

            async def work() -> types.CallToolResult:
                done = await self._desk.in_thread(self._call, named, asked, context, caller)
                return cast("types.CallToolResult", done)

            # A task is a shape of the extension's own, for which the SDK has no type.
            return cast("Any", await self._tasks.start(call, named.tool, work))
        result = await self._desk.in_thread(self._call, named, asked, context, caller)
        if isinstance(result, Question):
            if is_answered_later(call):
                return as_result(result)
            again = replace(asked, reply=await ask_in_session(call, result))
            result = await self._desk.in_thread(self._call, named, again, context, caller)
        await self._notices.tell(call, caller.steps)
        await self._subscriptions.tell(caller)
        return cast("types.CallToolResult", result)

    def _find(self, call: Call, name: str) -> Named:
        """Return what a name stands for to whoever calls: nothing that is beyond his reach.

        It is asked before all that differs by tool: tasks, questions, arguments.
        """
        decision = self._desk.decision(call, name)
        tool = self._tools.get(name)
        if tool is not None and decision is Decision.ALLOWED:
            return Named(name, tool)
        if tool is not None and decision is Decision.NO_CONSENT:
            context_of(call).lacks = self._parts.permissions.consent_for(name)
        is_nowhere = tool is None and decision in {Decision.ALLOWED, Decision.OF_NO_SERVER}
        return Named(name, None, "there is no such tool" if is_nowhere else decision.value)

    def _call(
        self, named: Named, asked: Asked, context: RequestContext, caller: Caller
    ) -> types.CallToolResult | Question:
        try:
            return self._answer(named, asked, context, caller)
        except StorageUnavailableError as error:
            what, name = "tool_unaudited", named.name
            log_event(what, context.request_id, logging.ERROR, error=error, tool=name)
            context.is_unaudited = True
            return _failed("The call could not be audited.")

    def _answer(
        self, named: Named, asked: Asked, context: RequestContext, caller: Caller
    ) -> types.CallToolResult | Question:
        tool = named.tool
        if tool is None:
            self._audit_failure(context, named.name, named.reason)
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {named.name[:LONGEST_NAME]}")
        complaint = find_bad_argument(tool.input_schema, asked.arguments)
        if complaint is not None:
            self._audit_failure(context, tool.name, complaint)
            return _failed(complaint)
        return self._run(tool, asked, context, caller)

    def _run(
        self, tool: Tool, asked: Asked, context: RequestContext, caller: Caller
    ) -> types.CallToolResult | Question:
        try:
            result = asked.put_to(tool, caller)
            text = "" if isinstance(result, Question) else json.dumps(result)
        except CallerError as error:
            self._audit_failure(context, tool.name, str(error))
            return _failed(str(error))
        except Exception as error:  # noqa: BLE001 -- whatever a tool raises, its text stays here
            return self._report(error, tool, context)
        event = AuditEvent(EventType.TOOL_CALLED, Outcome.SUCCESS, metadata={"tool": tool.name})
        self._parts.trail.write(context.attribute(event))
        if isinstance(result, Question):
            return result
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=text)], structured_content=result
        )

    def _report(
        self, error: Exception, tool: Tool, context: RequestContext
    ) -> types.CallToolResult:
        """Put the details, scrubbed there, into log and trail; the answer gets a fixed text."""
        detail = getattr(error, "detail", None)
        facts = {"tool": tool.name, "reason": str(error), "detail": detail}
        log_event("tool_failed", context.request_id, logging.ERROR, error=error, **facts)
        self._audit_failure(context, tool.name, str(error), detail)
        return _failed(self._parts.mcp.describe_failure(error, context))

    def _audit_failure(
        self, context: RequestContext, tool: str, reason: str, detail: object = None
    ) -> None:
        metadata: dict[str, Any] = {"tool": tool, "reason": reason}
        if detail is not None:
            metadata["detail"] = detail
        event = AuditEvent(EventType.TOOL_FAILED, Outcome.FAILURE, metadata=metadata)
        self._parts.trail.write(context.attribute(event))


def _failed(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=True)
