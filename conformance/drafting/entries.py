"""The sections of a drafted profile, in their order, and the channels that each can supply.

A selftest takes away the comments of a draft: what stands there must then be a valid profile, and
supply every channel that a profile can.
"""

from __future__ import annotations

from conformance.model import Channel
from conformance.profile.fields import Fields, Named
from conformance.text.toml_text import quoted

SECTIONS = (
    "tenants",
    "routes",
    "headers",
    "answers",
    "limits",
    "tools",
    "events",
    "fields",
    "admin",
    "oauth",
    "authorization",
    "scanner",
    "sessions",
    "policy",
    "orgs",
    "mail",
    "delivery",
    "executions",
    "vault",
    "world",
    "channels",
)


PATTERN = (
    "# of lines that are not JSON, the named groups of a regular expression are the entries:",
    r"# pattern = '(?P<time>\S+) (?P<level>\w+) \[(?P<request_id>[^]]*)\] .*'",
)
"""How a log in another form is read: no entry of the draft, since JSON is as likely."""


def _fields() -> str:
    """Return [fields] with our names, as a profile would have them, but for a channel's own."""
    lines: list[str] = []
    for section in Fields.model_fields:
        if f"fields.{section}" in {path for channel in Channel for path in channel.paths}:
            continue
        names: Named = getattr(Fields(), section)
        lines.append(f"[fields.{section}]")
        lines += [f"{field} = {quoted(names.place(field) or '')}" for field in type(names).fields()]
        lines += PATTERN if section == "log" else []
    return "\n".join(lines)


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
    "fields": _fields(),
}
"""What a section shows behind its channels: words that stand for ours, which no channel needs."""

NOTES = {
    Channel.CANARIES: (
        "A canary is a string of your choice that you put into one object of each tenant's data, "
        "another for each, where a tool reads it: whoever is shown the other's has crossed over."
    ),
}
"""What a draft tells beside what would supply a channel."""

HOW_TO_LOG_IN = (
    '#   key = { oauth = { grant = "refresh_token", refresh_token = { file = "a.json" } } }',
    "# and have a user of each sign in: python -m conformance login --profile=FILE --tenant=a",
)
"""How tokens of a server that offers OAuth are got, behind what names its authorization server."""

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
