"""What the official conformance runner asks for by name: fixtures of `demo --everything` alone.

They hold nothing of any tenant's, and pass the same chain, desk and trail as all else.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from reference_server.demo.everything.asking import ASKING
from reference_server.demo.everything.content import CONTENT
from reference_server.demo.everything.prompts import PROMPTS
from reference_server.demo.everything.resources import RESOURCES
from reference_server.demo.everything.sessions import TALKING
from reference_server.demo.everything.skills import FILES, add_skills
from reference_server.demo.everything.tasks import Jobs, build_tasks
from reference_server.parts import with_parts
from reference_server.permissions.contracts import ToolServer
from reference_server.permissions.decision import TierPermissions
from reference_server.variant import Variant
from reference_server.wiring import servers_of

if TYPE_CHECKING:
    from reference_server.core.settings import Settings
    from reference_server.parts import Parts

RETRY_MILLISECONDS = 100
"""When a client may come back to a stream that was closed on it."""


TENANT_REQUESTS = 3000
"""In a minute: the runner asks more often than a tenant may."""


def everything() -> Variant:
    """Return the variant of the demo that the runner is for."""
    return Variant(parts=add_everything, settings=_allow_more, state=_tell_more)


def _allow_more(settings: Settings) -> Settings:
    limits = replace(settings.limits, tenant_requests=TENANT_REQUESTS)
    return replace(settings, limits=limits)


def _tell_more(state: dict[str, Any]) -> dict[str, Any]:
    return {**state, "limits": {**state["limits"], "tenant_requests": TENANT_REQUESTS}}


def add_everything(parts: Parts) -> Parts:
    """Return the parts with all fixtures beside what they offer."""
    jobs = Jobs(parts)
    tools = (*CONTENT, *TALKING, *ASKING, *build_tasks(jobs))
    own = ToolServer("everything", frozenset(tool.name for tool in tools))
    changes = {
        "permissions": TierPermissions((*servers_of(parts.plugins.plugins), own)),
        "mcp.raw_tools": (*parts.mcp.raw_tools, *tools),
        "mcp.raw_prompts": (*parts.mcp.raw_prompts, *PROMPTS),
        "mcp.resources": (*parts.mcp.resources, *RESOURCES, *FILES),
        "mcp.extensions": (*parts.mcp.extensions, add_skills, jobs.join),
        "mcp.session_manager": partial(
            parts.mcp.session_manager, retry_interval=RETRY_MILLISECONDS
        ),
    }
    return with_parts(parts, changes)
