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
    "events",
    "fields",
    "admin",
    "oauth",
    "channels",
)

NAMES = {
    "events": """\
[events.outcomes]
success = "success"
failure = ["failure", "denied"]
[events.reasons]
missing = "missing"
invalid = "invalid"
[events.scopes]
address = "global"
tenant = "tenant"
auth = "auth\"""",
    "fields": """\
[fields.results]
tenant = "tenantId"
request_id = "requestId"
ok = "ok"
[fields.admin]
tenant = "tenantId"
description = "description"
key = "apiKey"
key_id = "keyId"
[fields.health]
ok = "ok"
version = "version"
uptime = "uptimeSec"
[fields.log]
time = "time"
level = "level"
request_id = "request_id"
[fields.trail]
order = "id"
created_at = "created_at"
event = "event_type"
outcome = "outcome"
tenant = "tenant_id"
address = "actor_ip"
request_id = "request_id"
identity = "actor_key_id"
metadata = "metadata"
reason = "metadata.reason"
scope = "metadata.scope"
tool = "metadata.tool\"""",
}
"""What a section shows behind its channels: words that stand for ours, which no channel needs."""

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
