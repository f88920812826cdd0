"""The MCP server: the SDK's low-level server around the tool registry, without any Flask."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from reference_server.audit.contracts import AuditEvent
from reference_server.context import SCOPE_KEY
from reference_server.core.errors import StorageUnavailableError, UnknownObjectError
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.observability.logs import log_event
from reference_server.protocol.arguments import LONGEST_NAME, find_bad_argument
from reference_server.tools.contracts import ToolCaller

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Executor

    from mcp.server import ServerRequestContext
    from starlette.requests import Request

    from reference_server.context import RequestContext
    from reference_server.parts import Parts
    from reference_server.tools.contracts import Tool

    Call = ServerRequestContext[dict[str, Any], Request]

NAME = "hallmark-reference"


class ToolDesk:
    """Lists the tools and runs them: validated before, audited before the answer is returned."""

    def __init__(self, parts: Parts, executor: Executor) -> None:
        self._parts = parts
        self._executor = executor
        self._tools = {tool.name: tool for tool in parts.mcp.tools}

    async def list_tools(
        self, call: Call, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """Return every tool; the list is the same for all tenants and fits one page."""
        del call, params
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
        context = _context_of(call)
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, self._call, params.name, params.arguments or {}, context
        )

    def _call(
        self, name: str, arguments: Mapping[str, Any], context: RequestContext
    ) -> types.CallToolResult:
        try:
            return self._answer(name, arguments, context)
        except StorageUnavailableError as error:
            log_event("tool_unaudited", context.request_id, logging.ERROR, error=error, tool=name)
            context.is_unaudited = True
            return _failed("The call could not be audited.")

    def _answer(
        self, name: str, arguments: Mapping[str, Any], context: RequestContext
    ) -> types.CallToolResult:
        tool = self._tools.get(name)
        if tool is None:
            self._audit_failure(context, name, "there is no such tool")
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {name[:LONGEST_NAME]}")
        complaint = find_bad_argument(tool.input_schema, arguments)
        if complaint is not None:
            self._audit_failure(context, name, complaint)
            return _failed(complaint)
        return self._run(tool, arguments, context)

    def _run(
        self, tool: Tool, arguments: Mapping[str, Any], context: RequestContext
    ) -> types.CallToolResult:
        assert context.principal is not None  # noqa: S101 -- the gate lets nobody else in
        caller = ToolCaller(context.principal, context.request_id, self._parts.sessions)
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


def build_server(parts: Parts, executor: Executor) -> Server[dict[str, Any]]:
    """Return the SDK's server; tools and trail writes run in ``executor``."""
    desk = ToolDesk(parts, executor)
    return Server(
        NAME,
        version=parts.mcp.server_version,
        on_list_tools=desk.list_tools,
        on_call_tool=desk.call_tool,
    )


def _context_of(call: Call) -> RequestContext:
    """Return the context of the HTTP request that carried this very message.

    Never the session's: one session carries many requests, each with its own id.
    """
    assert call.request is not None  # noqa: S101 -- Streamable HTTP attaches it to every message
    return call.request.scope[SCOPE_KEY]


def _failed(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=True)
