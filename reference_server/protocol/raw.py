"""Tools and prompts that speak the protocol themselves: served, audited and told like the others.

Whoever calls one that is none of these is passed on to the desk of the ordinary ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import mcp_types as types

from reference_server.core.errors import UnknownObjectError
from reference_server.core.vocabulary import EventType
from reference_server.protocol.arguments import find_bad_argument
from reference_server.protocol.desk import (
    LONGEST_NAME,
    Act,
    FailedError,
    RefusedError,
)
from reference_server.protocol.plugins import plugin_tools

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reference_server.parts import Parts, RawPrompt, RawTool
    from reference_server.protocol.desk import Call, Desk
    from reference_server.protocol.prompts import PromptDesk
    from reference_server.protocol.subscriptions import Subscriptions
    from reference_server.protocol.tools import ToolDesk
    from reference_server.tools.contracts import Caller

    ToolResult = types.CallToolResult | types.InputRequiredResult
    PromptResult = types.GetPromptResult | types.InputRequiredResult


class RawTools:
    """Serves `tools/list` and `tools/call` before the desk of the ordinary tools does."""

    def __init__(
        self, parts: Parts, desk: Desk, subscriptions: Subscriptions, others: ToolDesk
    ) -> None:
        self._desk = desk
        self._subscriptions = subscriptions
        self._others = others
        every = (*parts.mcp.raw_tools, *plugin_tools(parts, desk))
        self._tools: dict[str, RawTool] = {tool.name: tool for tool in every}

    async def list_tools(
        self, call: Call, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """Return every tool that the caller reaches, the ordinary ones first."""
        listed = await self._others.list_tools(call, params)
        own = [
            types.Tool(name=tool.name, description=tool.description, input_schema=tool.input_schema)
            for tool in self._tools.values()
            if self._desk.sees_tool(call, tool.name)
        ]
        return types.ListToolsResult(tools=[*listed.tools, *own])

    async def call_tool(self, call: Call, params: types.CallToolRequestParams) -> ToolResult:
        """Run one tool on the event loop; MCPError where it raises one, and for an unknown one."""
        tool = self._tools.get(params.name)
        if tool is None or not self._desk.reaches_tool(call, tool.name):
            return await self._others.call_tool(call, params)
        caller = self._desk.caller_of(call)
        act = Act(EventType.TOOL_CALLED, {"tool": params.name}, failure=EventType.TOOL_FAILED)
        try:
            result = await self._desk.settle(call, act, _put_to(tool, call, params, caller))
        except FailedError as error:
            told = types.TextContent(type="text", text=error.error.message)
            return types.CallToolResult(content=[told], is_error=True)
        await self._subscriptions.tell(caller)
        return result


async def _put_to(
    tool: RawTool, call: Call, params: types.CallToolRequestParams, caller: Caller
) -> ToolResult:
    complaint = find_bad_argument(tool.input_schema, params.arguments or {})
    if complaint is not None:
        raise RefusedError(complaint)
    return await tool.call(call, params, caller)


class RawPrompts:
    """Serves prompts and completions before the desk of the ordinary prompts does."""

    def __init__(self, parts: Parts, desk: Desk, others: PromptDesk) -> None:
        self._desk = desk
        self._others = others
        self._prompts = {prompt.described.name: prompt for prompt in parts.mcp.raw_prompts}

    async def list_prompts(
        self, call: Call, params: types.PaginatedRequestParams | None
    ) -> types.ListPromptsResult:
        """Return every prompt that there is for the caller, the ordinary ones first."""
        listed = await self._others.list_prompts(call, params)
        own = [prompt.described for prompt in self._reached(call).values()]
        return types.ListPromptsResult(prompts=[*listed.prompts, *own])

    async def get_prompt(self, call: Call, params: types.GetPromptRequestParams) -> PromptResult:
        """Return a prompt's messages, or what it asks for first."""
        prompt = self._reached(call).get(params.name)
        if prompt is None:
            return await self._others.get_prompt(call, params)
        act = Act(EventType.PROMPT_RENDERED, {"prompt": params.name[:LONGEST_NAME]})
        return await self._desk.settle(call, act, prompt.get(call, params))

    async def complete(
        self, call: Call, params: types.CompleteRequestParams
    ) -> types.CompleteResult:
        """Return suggestions; MCPError for what names nothing."""
        named = params.ref.name if isinstance(params.ref, types.PromptReference) else ""
        prompt = self._reached(call).get(named)
        if prompt is None:
            return await self._others.complete(call, params)
        argument = params.argument
        act = Act(EventType.ARGUMENT_COMPLETED, {"argument": argument.name[:LONGEST_NAME]})

        def suggest(caller: Caller) -> Sequence[str]:
            del caller
            return _suggest(prompt, argument)

        values = list(await self._desk.run(call, act, suggest))
        return types.CompleteResult(completion=types.Completion(values=values, has_more=False))

    def _reached(self, call: Call) -> Mapping[str, RawPrompt]:
        return self._prompts if self._desk.reaches_data(self._desk.caller_of(call)) else {}


def _suggest(prompt: RawPrompt, argument: types.CompletionArgument) -> Sequence[str]:
    if argument.name not in {one.name for one in prompt.described.arguments or ()}:
        raise UnknownObjectError("argument")
    return prompt.complete(argument.name, argument.value)
