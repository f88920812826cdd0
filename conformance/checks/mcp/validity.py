"""MCP, continued: every message is what the specification's own schema says it is.

The module stands last in its area: it also judges what the checks before it have heard.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from conformance.analysis.wire_schema import faults
from conformance.channels.http.lists import entries_of, takes_nothing
from conformance.checks.mcp._common import Conversation
from conformance.forge.guise import in_guise
from conformance.forge.requests import LISTED, STATELESS
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.wire import Wire
    from conformance.profile.target import Target

TOLD = 4
"""Kinds of fault that the finding's sentence names; the evidence has all."""
SHOWN = 700
READ = 2
"""Resources that are read, and prompts that are got: the first ones."""


def asked_for(told: dict[str, Any], target: Target) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is asked besides lists: a tool, one that there is not, a method that is none."""
    if "tools" in told:
        if target.tools.ping:
            yield "tools/call", {"name": target.tools.ping, "arguments": {}}
        if (tool := target.tools.validated) is not None:
            yield "tools/call", {"name": tool.name, "arguments": tool.arguments}
            yield "tools/call", {"name": tool.name, "arguments": tool.bad_arguments}
        if (tool := target.tools.failing) is not None:
            yield "tools/call", {"name": tool.name, "arguments": {tool.message_argument: "failed"}}
        unknown = in_guise(f"no_such_tool_{secrets.token_hex(4)}")
        yield "tools/call", {"name": unknown, "arguments": {}}
    yield in_guise("hallmark/no_such_method"), {}


def converse(line: Wire, key: str | None, target: Target) -> None:
    """Hear a message of each kind in the line's revision."""
    conversation = Conversation(line, key)
    told = conversation.open().capabilities
    for method in LISTED:
        if method.partition("/")[0] not in told:
            continue
        for entry in entries_of(conversation.ask(method), method)[:READ]:
            if method == "resources/list":
                conversation.ask("resources/read", {"uri": entry.get("uri", "")})
            if method == "prompts/list" and takes_nothing(entry):
                conversation.ask("prompts/get", {"name": entry.get("name", "")})
    for method, params in asked_for(told, target):
        conversation.ask(method, params)
    if line.revision != STATELESS:
        conversation.ask("ping")


@requirement("MCP-31")
def test_every_message_is_valid_by_the_schema_of_its_revision(
    wire: Wire, discovery: Discovery, target: Target
) -> None:
    """What the run has heard so far and what is asked here; only well-formed requests count.

    A schema leaves room for members, types of result and methods that it does not know, and so does
    this; where a request was none of its revision, no schema says what becomes of it.
    """
    key = target.tenants.a.key if target.tenants else None
    if key is None and not discovery.revisions:
        raise NotAssessedError(f"supply {Channel.KEYS.supplied_by}", Channel.KEYS)
    establish(discovery.revisions, "the target speaks a known protocol revision")
    heard = wire.transcript.heard
    for revision in discovery.revisions:
        converse(wire.derived(revision=revision), key, target)
        kinds = {message.kind for message in heard.of(revision)}
        establish("result" in kinds, f"{revision}: the target answers with a result")
    found = faults(one for revision in discovery.revisions for one in heard.of(revision))
    for fault in found:
        message = json.dumps(fault.heard.value)[:SHOWN]
        wire.transcript.note(
            str(fault), f"rule {fault.rule}\nasked {fault.heard.asked[:SHOWN]}\n→ {message}"
        )
    told = "; ".join(map(str, found[:TOLD]))
    assert not found, f"{len(found)} kinds of message break their schema: {told}"
