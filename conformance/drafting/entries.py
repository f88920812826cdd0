"""The sections of a drafted profile, in their order, and the channels that each can supply.

A selftest takes away the comments of a draft: what stands there must then be a valid profile, and
supply every channel that a profile can.
"""

from __future__ import annotations

from conformance.model import Channel

SECTIONS = (
    "routes",
    "headers",
    "answers",
    "limits",
    "tools",
    "tenants",
    "admin",
    "oauth",
    "channels",
)

EXCUSES = """\
[not_applicable]
OAUTH = "no flow to another platform is offered"

[known_failures."AUD-10"]
reason = "why it fails, and what will mend it"
until = 2030-01-31"""


def shown_in(section: str) -> list[Channel]:
    """Return the channels whose examples a section shows, in the order of their rows."""
    return [
        channel
        for channel in Channel
        if channel.row.example and channel.paths[0].partition(".")[0] == section
    ]
