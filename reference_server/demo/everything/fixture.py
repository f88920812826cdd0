"""A fixture tool: a name, a sentence, and a function that answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import mcp_types as types

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from reference_server.protocol.desk import Call
    from reference_server.tools.contracts import Caller

    Result = types.CallToolResult | types.InputRequiredResult
    Answer = Callable[[Call, types.CallToolRequestParams, Caller], Awaitable[Result]]


def arguments(**properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of arguments all of which are required."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


@dataclass(frozen=True)
class Fixture:
    """A tool whose result is what ``answer`` returns."""

    name: str
    description: str
    answer: Answer
    input_schema: dict[str, Any] = field(default_factory=arguments)

    async def call(self, call: Call, params: types.CallToolRequestParams, caller: Caller) -> Result:
        """Answer."""
        return await self.answer(call, params, caller)


def says(text: str) -> types.CallToolResult:
    """Return a result of one text."""
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)])


def shows(name: str, description: str, *content: types.ContentBlock) -> Fixture:
    """Return a tool that always answers with this content."""

    async def answer(
        call: Call, params: types.CallToolRequestParams, caller: Caller
    ) -> types.CallToolResult:
        del call, params, caller
        return types.CallToolResult(content=list(content))

    return Fixture(name, description, answer)
