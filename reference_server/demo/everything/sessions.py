"""Tools that talk while they run: log messages, progress, and questions in a session."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.shared.message import ServerMessageMetadata

from reference_server.demo.everything.fixture import Fixture, arguments, says

if TYPE_CHECKING:
    from reference_server.protocol.desk import Call
    from reference_server.tools.contracts import Caller

ANSWER_SECONDS = 25.0
"""How long a client has for an answer: less than the call may take as a whole."""

USER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "username": {"type": "string", "description": "User's response"},
        "email": {"type": "string", "description": "User's email address"},
    },
    "required": ["username", "email"],
}
DEFAULTS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {
            "type": "string",
            "enum": ["active", "inactive", "pending"],
            "default": "active",
        },
        "verified": {"type": "boolean", "default": True},
    },
}
_PLAIN = ["option1", "option2", "option3"]


def _titled(what: str) -> list[dict[str, str]]:
    places = ("First", "Second", "Third")
    return [{"const": f"value{n}", "title": f"{p} {what}"} for n, p in enumerate(places, 1)]


ENUMS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "untitledSingle": {"type": "string", "enum": _PLAIN},
        "titledSingle": {"type": "string", "oneOf": _titled("Option")},
        "legacyEnum": {
            "type": "string",
            "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"],
        },
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": _PLAIN}},
        "titledMulti": {"type": "array", "items": {"anyOf": _titled("Choice")}},
    },
}


async def _log(call: Call, text: str) -> None:
    """Send a message as far as the revision allows it: the newest only where it was asked for."""
    await call.session.send_log_message(  # pyright: ignore[reportDeprecated]
        "info", text, related_request_id=call.request_id
    )


async def _with_logging(
    call: Call, params: types.CallToolRequestParams, caller: Caller
) -> types.CallToolResult:
    del params, caller
    for text in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await _log(call, text)
    return says("The messages were sent.")


async def _with_progress(
    call: Call, params: types.CallToolRequestParams, caller: Caller
) -> types.CallToolResult:
    del params, caller
    for done in (0, 50, 100):
        await call.session.report_progress(done, 100)
    return says("All is done.")


async def _reconnect(
    call: Call, params: types.CallToolRequestParams, caller: Caller
) -> types.CallToolResult:
    del params, caller
    if call.close_sse_stream is not None:
        await call.close_sse_stream()
    return says("The stream was closed before this was sent.")


async def _sample(
    call: Call, params: types.CallToolRequestParams, caller: Caller
) -> types.CallToolResult:
    del caller
    prompt = types.TextContent(type="text", text=(params.arguments or {})["prompt"])
    request = types.CreateMessageRequest(
        params=types.CreateMessageRequestParams(
            messages=[types.SamplingMessage(role="user", content=prompt)], max_tokens=100
        )
    )
    metadata = ServerMessageMetadata(related_request_id=call.request_id)
    async with asyncio.timeout(ANSWER_SECONDS):
        answer = await call.session.send_request(
            request, types.CreateMessageResult, metadata=metadata
        )
    told = answer.content.text if isinstance(answer.content, types.TextContent) else ""
    return says(f"LLM response: {told}")


async def _elicit(
    call: Call, params: types.CallToolRequestParams, caller: Caller, *, schema: dict[str, Any]
) -> types.CallToolResult:
    del caller
    message = (params.arguments or {}).get("message", "Please fill in the form.")
    async with asyncio.timeout(ANSWER_SECONDS):
        answer = await call.session.elicit_form(message, schema, call.request_id)
    content = json.dumps(answer.content)
    return says(f"Elicitation completed: action={answer.action}, content={content}")


async def _change(
    call: Call, params: types.CallToolRequestParams, caller: Caller, *, changed: str
) -> types.CallToolResult:
    del call, params
    caller.changed.append(changed)
    return says("Your subscribers are told of a change.")


TALKING = (
    Fixture("test_tool_with_logging", "Send three log messages.", _with_logging),
    Fixture("test_logging_tool", "Send log messages where they are asked for.", _with_logging),
    Fixture("test_tool_with_progress", "Tell of progress three times.", _with_progress),
    Fixture("test_reconnection", "Close the stream, then answer.", _reconnect),
    Fixture(
        "test_sampling",
        "Ask the client's model.",
        _sample,
        arguments(prompt={"type": "string"}),
    ),
    Fixture(
        "test_elicitation",
        "Ask the client's user for a name and an address.",
        partial(_elicit, schema=USER),
        arguments(message={"type": "string"}),
    ),
    Fixture(
        "test_elicitation_sep1034_defaults",
        "Ask the client's user, with a default in each field.",
        partial(_elicit, schema=DEFAULTS),
    ),
    Fixture(
        "test_elicitation_sep1330_enums",
        "Ask the client's user to choose, in each way there is.",
        partial(_elicit, schema=ENUMS),
    ),
    Fixture(
        "test_trigger_tool_change",
        "Tell subscribers that the list of tools has changed.",
        partial(_change, changed="tools/list"),
    ),
    Fixture(
        "test_trigger_prompt_change",
        "Tell subscribers that the list of prompts has changed.",
        partial(_change, changed="prompts/list"),
    ),
)
