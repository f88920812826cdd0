"""Defects of lists that vary by caller: what one tenant's holds, another is shown."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from reference_server.mutants.bending import mutant, with_stage
from reference_server.mutants.benign.edge import rewritten
from reference_server.parts import with_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.mutants.benign.edge import Reply
    from reference_server.parts import Parts
    from reference_server.tools.contracts import Caller, Tool


class _Lists:
    """Adds a tool of the caller's own to each list, which serves so many callers in a row."""

    def __init__(self, serves: int) -> None:
        self._serves, self._left = serves, 0
        self._own: dict[str, Any] = {}

    def personal(self, reply: Reply) -> Reply:
        if not reply.is_json or b'"tools":' not in reply.body:
            return reply
        found: Any = json.loads(reply.body)
        result = cast("dict[str, Any]", found).get("result") if isinstance(found, dict) else None
        tools: Any = cast("dict[str, Any]", result).get("tools") if result else None
        if not isinstance(tools, list):
            return reply
        if self._left == 0:
            name = hashlib.sha256(reply.asked(b"x-api-key")).hexdigest()[:8]
            schema: dict[str, Any] = {"type": "object", "properties": {}}
            self._own, self._left = {"name": f"report_{name}", "inputSchema": schema}, self._serves
        self._left -= 1
        cast("list[Any]", tools).append(self._own)
        return replace(reply, body=json.dumps(found).encode())


def personal(serves: int = 1) -> Callable[[Parts], Parts]:
    """Return a change of parts with a tool of each tenant's own in its list."""
    return rewritten(own_tool(serves))


def own_tool(serves: int = 1) -> Callable[[Reply], Reply]:
    """Return a change of answers that adds such a tool."""
    return _Lists(serves).personal


class _LastCaller:
    """A tool that tells in its description who asked for anything last."""

    def __init__(self, tool: Tool) -> None:
        self.tool, self.name, self.input_schema = tool, tool.name, tool.input_schema
        self.last: list[str] = [""]

    @property
    def description(self) -> str:
        """Tell who asked before whoever asks now."""
        others = [one for one in self.last[:-1] if one != self.last[-1]]
        return f"{self.tool.description} Last used by {others[-1] if others else 'nobody'}."

    def run(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Run the tool as it is."""
        return self.tool.run(arguments, caller)


def _told_in_a_description(parts: Parts) -> Parts:
    told = _LastCaller(parts.mcp.tools[0])

    def noted(stage: Any) -> Any:
        def bent(context: RequestContext, parts: Parts) -> Response | None:
            refusal = stage(context, parts)
            if context.principal is not None:
                told.last = [*told.last[-3:], str(context.principal.tenant_id)]
            return refusal

        return bent

    parts = with_parts(parts, {"mcp.tools": (told, *parts.mcp.tools[1:])})
    return with_stage("authenticate", noted)(parts)


MUTANTS = (
    mutant(
        "list-of-tools-kept-for-the-next",
        "RLS-15",
        "A list with a tool of the caller's own is kept, and given to whoever asks next.",
        parts=personal(serves=2),
    ),
    mutant(
        "description-names-the-last-caller",
        "RLS-15",
        "A tool's description names the tenant that used the server before.",
        parts=_told_in_a_description,
    ),
)
