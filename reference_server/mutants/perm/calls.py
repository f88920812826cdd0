"""Defects of calls that a caller may not make, and of those that it may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from reference_server.core.vocabulary import Tier
from reference_server.mutants.bending import mutant, with_tool
from reference_server.mutants.perm.elevating import (
    around_messages,
    as_somebody_else,
    elevated_where,
    of_tier,
    params_of,
)
from reference_server.permissions.contracts import Decision
from reference_server.protocol.arguments import find_bad_argument
from reference_server.protocol.tasks import knows_tasks
from reference_server.tools import TOOLS
from reference_server.tools.account_health import AccountHealth

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.core.principal import Principal
    from reference_server.mutants.perm.elevating import Next
    from reference_server.parts import Parts
    from reference_server.protocol.desk import Call, Desk
    from reference_server.tools.contracts import Tool

_TOOLS = {tool.name: tool for tool in TOOLS}
_HEALTH = AccountHealth.name


def is_call(call: Call) -> bool:
    """Tell whether a message calls a tool."""
    return call.method == "tools/call"


def _where_denied(answer: Callable[[Tool, dict[str, Any]], Any]) -> Callable[[Parts], Parts]:
    """Return a change of parts that answers a call which is denied, if with anything."""

    async def around(call: Call, call_next: Next, desk: Desk) -> Any:
        params = params_of(call)
        tool = _TOOLS.get(str(params.get("name"))) if is_call(call) else None
        if tool is not None and desk.decision(call, tool.name) is not Decision.ALLOWED:
            told = answer(tool, params.get("arguments") or {})
            if told is not None:
                return told
        return await call_next(call)

    return around_messages(around)


def _refusing(message: str, code: int = types.INVALID_PARAMS, data: Any = None) -> Any:
    def answer(tool: Tool, arguments: dict[str, Any]) -> Any:
        del arguments
        raise MCPError(code, message.format(tool.name), data)

    return _where_denied(answer)


def _failed(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=True)


def _complaint_first(tool: Tool, arguments: dict[str, Any]) -> Any:
    complaint = find_bad_argument(tool.input_schema, arguments)
    return None if complaint is None else _failed(complaint)


def _as_nobody(call: Call, principal: Principal) -> Principal | None:
    is_meant = is_call(call) and params_of(call).get("name") == _HEALTH
    is_meant = is_meant and principal.tier is Tier.MCP
    return of_tier(principal, Tier.ANONYMOUS) if is_meant else None


def _schema() -> dict[str, Any]:
    own = AccountHealth().input_schema
    platform = own["properties"]["platform"]
    wider = {**platform, "enum": [*platform["enum"], "pinterest"]}
    return {**own, "properties": {**own["properties"], "platform": wider}}


MUTANTS = (
    mutant(
        "unlisted-and-callable",
        "PERM-02 PERM-08",
        "A tool that a caller is not listed can be called all the same.",
        parts=elevated_where(is_call),
    ),
    mutant(
        "unlisted-and-callable-in-sessions",
        "PERM-02",
        "In the older revisions a tool that a caller is not listed can be called.",
        parts=elevated_where(
            lambda call: is_call(call) and call.protocol_version not in MODERN_PROTOCOL_VERSIONS
        ),
    ),
    mutant(
        "unlisted-and-callable-as-a-task",
        "PERM-02",
        "A tool that a caller is not listed can be called by whoever can follow tasks.",
        parts=elevated_where(lambda call: is_call(call) and knows_tasks(call)),
    ),
    mutant(
        "denied-in-other-words",
        "PERM-02",
        "A call that is denied is answered in other words than one of an unknown tool.",
        parts=_refusing("You may not call this tool."),
    ),
    mutant(
        "denied-by-another-code",
        "PERM-02",
        "A call that is denied is answered with another code than one of an unknown tool.",
        parts=_refusing("Unknown tool: {}", code=-32003),
    ),
    mutant(
        "denied-with-what-it-takes",
        "PERM-02",
        "A call that is denied is told which tier may make it.",
        parts=_refusing("Unknown tool: {}", data={"requiredTier": "admin"}),
    ),
    mutant(
        "denied-as-a-failure",
        "PERM-02",
        "A call that is denied is answered with a failed result, one of an unknown tool is not.",
        parts=_where_denied(lambda tool, _: _failed(f"Unknown tool: {tool.name}")),
    ),
    mutant(
        "arguments-before-permission",
        "PERM-02",
        "Wrong arguments are complained of before anybody asks who calls.",
        parts=_where_denied(_complaint_first),
    ),
    mutant(
        "listed-and-refused",
        "PERM-08",
        "A tier may not call a tool that it is listed.",
        parts=as_somebody_else(_as_nobody),
    ),
    mutant(
        "denied-argument-let-through",
        "PERM-08",
        "A tool takes an argument that the policy denies.",
        parts=with_tool(_HEALTH, schema=_schema()),
    ),
)
