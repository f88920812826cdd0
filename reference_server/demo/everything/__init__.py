"""What the official conformance runner asks for by name: fixtures of `demo --everything` alone.

They hold nothing of any tenant's, and pass the same chain, desk and trail as all else.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reference_server.demo.everything.asking import ASKING
from reference_server.demo.everything.content import CONTENT
from reference_server.demo.everything.extensions import EXTENSIONS
from reference_server.demo.everything.prompts import PROMPTS
from reference_server.demo.everything.resources import RESOURCES
from reference_server.demo.everything.sessions import TALKING
from reference_server.demo.everything.skills import FILES, add_skills
from reference_server.parts import with_parts

if TYPE_CHECKING:
    from reference_server.parts import Parts

RETRY_MILLISECONDS = 100
"""When a client may come back to a stream that was closed on it."""


def add_everything(parts: Parts) -> Parts:
    """Return the parts with all fixtures beside what they offer."""
    changes = {
        "mcp.raw_tools": (*parts.mcp.raw_tools, *CONTENT, *TALKING, *ASKING),
        "mcp.raw_prompts": (*parts.mcp.raw_prompts, *PROMPTS),
        "mcp.resources": (*parts.mcp.resources, *RESOURCES, *FILES),
        "mcp.extensions": (*parts.mcp.extensions, *EXTENSIONS, add_skills),
        "mcp.session_manager": partial(
            parts.mcp.session_manager, retry_interval=RETRY_MILLISECONDS
        ),
    }
    return with_parts(parts, changes)
