"""MCP, continued: clients that others wrote must get along with the target as they are."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.channels.programs.official_client import converse
from conformance.checks.mcp._common import spoken
from conformance.forge.requests import STATELESS, opening
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.transcript import Transcript
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys
    from conformance.profile.target import Target

MAY_LACK = {"GET", "DELETE"}
"""Methods that a server may answer with 405 (MCP 2025-11-25 basic/transports)."""


def modes(discovery: Discovery) -> tuple[str, ...]:
    """Return the ways in which the client can speak to the target."""
    found = spoken(discovery)
    with_sessions = ("legacy",) if set(found) - {STATELESS} else ()
    return (*with_sessions, *((STATELESS,) if STATELESS in found else ()), "auto")


def is_in_order(method: str, status: int) -> bool:
    """Tell whether an answer may come up in a conversation that goes well."""
    if method in MAY_LACK and status == HTTPStatus.METHOD_NOT_ALLOWED:
        return True
    return status < HTTPStatus.BAD_REQUEST


@requirement("MCP-15")
def test_the_official_python_client_works_unmodified(
    wire: Wire, keys: Keys, discovery: Discovery, target: Target, transcript: Transcript
) -> None:
    """It connects, lists, calls and leaves, in each era; what it only logs is looked at, too.

    It would wait in vain for a server that answers whatever it likes; the first id tells those.
    """
    greeting = opening(wire.revision, message_id=secrets.randbelow(1 << 20) + 2)
    establish(wire.send(greeting, key=keys.b.active).succeeded, "the key opens a conversation")
    tools = tuple(tool for tool in (target.tools.ping, target.tools.tenant_data) if tool)
    for tool in tools:
        called = wire.call_tool(tool, {}, key=keys.b.active)
        establish(called.succeeded, f"the same tenant may call {tool} (got {called})")
    for mode in modes(discovery):
        found = converse(wire, keys.b.active, mode, tools)
        transcript.note(f"{found.client}, mode {mode}", f"{found}")
        assert found.done == "everything", (
            f"mode {mode}: the client came as far as {found.done}, then: {found.error}"
        )
        unlisted = sorted({*tools} - {*found.tools})
        assert not unlisted, f"mode {mode}: the client was not listed {', '.join(unlisted)}"
        failed = [tool for tool, result in found.results.items() if result.get("isError")]
        assert not failed, f"mode {mode}: what the client called failed: {', '.join(failed)}"
        # Its first request may ask for more than an older server knows: that is how it finds out.
        asked = found.statuses[1:] if mode == "auto" else found.statuses
        odd = [one for one in asked if not is_in_order(*one)]
        assert not odd, f"{mode}: answers that the client passes over"
