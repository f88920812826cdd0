"""The MCP server: the SDK's low-level server around the registries, without any Flask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.server.caching import CacheHint
from mcp.server.lowlevel import Server

from reference_server.protocol.desk import Desk
from reference_server.protocol.prompts import PromptDesk
from reference_server.protocol.raw import RawPrompts, RawTools
from reference_server.protocol.resources import ResourceDesk
from reference_server.protocol.tasks import TaskDesk
from reference_server.protocol.tools import ToolDesk

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from mcp.server.caching import CacheableMethod

    from reference_server.parts import Parts

NAME = "hallmark-reference"

PRIVATE = CacheHint(ttl_ms=0, scope="private")
"""No cache that several callers share may keep an answer: most of them are one tenant's own."""

CACHE_HINTS: dict[CacheableMethod, CacheHint] = {
    "tools/list": PRIVATE,
    "prompts/list": PRIVATE,
    "resources/list": PRIVATE,
    "resources/templates/list": PRIVATE,
    "resources/read": PRIVATE,
    "server/discover": PRIVATE,
}


def build_server(parts: Parts, executor: Executor) -> Server[dict[str, Any]]:
    """Return the SDK's server; what callers ask for and trail writes run in ``executor``.

    It announces what there is: one without resources has no such methods.
    """
    desk = Desk(parts, executor)
    resources = ResourceDesk(parts, desk)
    subscriptions = parts.mcp.subscriptions(parts, desk, resources)
    notices = parts.mcp.notices()
    tasks = TaskDesk(parts, desk)
    named = ToolDesk(parts, desk, subscriptions, tasks, notices)
    tools = RawTools(parts, desk, subscriptions, named)
    offered: dict[str, Any] = {
        "on_list_tools": tools.list_tools,
        "on_call_tool": tools.call_tool,
    }
    if parts.mcp.resources:
        offered |= {
            "on_list_resources": resources.list_resources,
            "on_list_resource_templates": resources.list_templates,
            "on_read_resource": resources.read_resource,
            "on_subscribe_resource": subscriptions.subscribe,
            "on_unsubscribe_resource": subscriptions.unsubscribe,
            "on_subscriptions_listen": subscriptions.listen,
        }
    prompts = RawPrompts(parts, desk, PromptDesk(parts, desk))
    if parts.mcp.prompts:
        offered |= {"on_list_prompts": prompts.list_prompts, "on_get_prompt": prompts.get_prompt}
    if parts.mcp.prompts or parts.mcp.resources:
        offered["on_completion"] = prompts.complete
    server: Server[dict[str, Any]] = Server(
        NAME, version=parts.mcp.server_version, cache_hints=CACHE_HINTS, **offered
    )
    server.middleware.append(parts.mcp.boundary(parts, desk, NAME))
    tasks.join(server)
    # Not by the constructor, which warns: the newest revision has a level for each request instead.
    server.add_request_handler("logging/setLevel", types.SetLevelRequestParams, notices.set_level)
    for extend in parts.mcp.extensions:
        extend(server, parts, desk)
    return server
