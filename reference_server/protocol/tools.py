"""Tools: listed, and run for their caller, audited before the answer is returned."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.shared.exceptions import MCPError

from reference_server.audit.contracts import AuditEvent
from reference_server.core.errors import StorageUnavailableError, UnknownObjectError
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.observability.logs import log_event
from reference_server.protocol.arguments import LONGEST_NAME, find_bad_argument
from reference_server.protocol.desk import context_of
from reference_server.protocol.pages import refuse_cursor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.context import RequestContext
    from reference_server.parts import Parts
    from reference_server.protocol.desk import Call, Desk
    from reference_server.protocol.notices import Notices
    from reference_server.protocol.subscriptions import Subscriptions
    from reference_server.tools.contracts import Caller, Tool


class ToolDesk:
    """Serves `tools/list` and `tools/call`: arguments are validated before a tool is run."""

    def __init__(
        self, parts: Parts, desk: Desk, subscriptions: Subscriptions, notices: Notices
    ) -> None:
        self._parts = parts
        self._desk = desk
        self._subscriptions = subscriptions
        self._notices = notices
        self._tools = {tool.name: tool for tool in parts.mcp.tools}

    async def list_tools(
        self, call: Call, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """Return every tool; the list is the same for all tenants and fits one page."""
        del call
        refuse_cursor(params)
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=tool.name, description=tool.description, input_schema=tool.input_schema
                )
                for tool in self._tools.values()
            ]
        )

    async def call_tool(
        self, call: Call, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        """Run one tool in a worker thread; MCPError (-32602) for a tool that does not exist."""
        context = context_of(call)
        caller = self._desk.caller(context)
        result = await self._desk.in_thread(
            self._call, params.name, params.arguments or {}, context, caller
        )
        await self._notices.tell(call, caller.steps)
        await self._subscriptions.tell(caller)
        return result

    def _call(
        self, name: str, arguments: Mapping[str, Any], context: RequestContext, caller: Caller
    ) -> types.CallToolResult:
        try:
            return self._answer(name, arguments, context, caller)
        except StorageUnavailableError as error:
            log_event("tool_unaudited", context.request_id, logging.ERROR, error=error, tool=name)
            context.is_unaudited = True
            return _failed("The call could not be audited.")

    def _answer(
        self, name: str, arguments: Mapping[str, Any], context: RequestContext, caller: Caller
    ) -> types.CallToolResult:
        tool = self._tools.get(name)
        if tool is None:
            self._audit_failure(context, name, "there is no such tool")
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {name[:LONGEST_NAME]}")
        complaint = find_bad_argument(tool.input_schema, arguments)
        if complaint is not None:
            self._audit_failure(context, name, complaint)
            return _failed(complaint)
        return self._run(tool, arguments, context, caller)

    def _run(
        self, tool: Tool, arguments: Mapping[str, Any], context: RequestContext, caller: Caller
    ) -> types.CallToolResult:
        try:
            result = dict(tool.run(arguments, caller))
            text = json.dumps(result)
        except UnknownObjectError as error:
            self._audit_failure(context, tool.name, str(error))
            return _failed(str(error))
        except Exception as error:  # noqa: BLE001 -- whatever a tool raises, its text stays here
            return self._report(error, tool, context)
        event = AuditEvent(EventType.TOOL_CALLED, Outcome.SUCCESS, metadata={"tool": tool.name})
        self._parts.trail.write(context.attribute(event))
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
