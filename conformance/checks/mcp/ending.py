"""MCP, continued: streams that outlive the key they were opened with."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from conformance.channels.http.streams import listening
from conformance.checks.mcp._common import eras
from conformance.checks.mcp._subscribers import asking, following
from conformance.forge.requests import STATELESS
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from conformance.channels.http.admin import Administrator
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.streams import Stream
    from conformance.channels.http.wire import Wire
    from conformance.profile.target import Target

LONGER = 30.0
"""Seconds for which a stream is read beyond those in which it must end."""


@requirement("MCP-17")
def test_a_revoked_keys_streams_end(
    wire: Wire, administrator: Administrator, discovery: Discovery, target: Target
) -> None:
    """Each stream stands open when its key is revoked, and ends within the declared seconds."""
    revisions = eras(discovery)
    bound = target.limits.stream_end_seconds
    key, key_id = administrator.mint_with_id()
    establish(wire.knock(key).succeeded, "the new key works")
    with ExitStack() as stack:
        streams: dict[str, Stream] = {}
        for revision in revisions:
            line = wire.derived(revision=revision)
            if revision == STATELESS:
                request = asking(line, ())
            else:
                answer, session = line.open_session(key)
                establish(answer.succeeded, f"a session can be opened (got {answer})")
                request = following(line, session)
            stream = stack.enter_context(listening(line, request, key, seconds=bound + LONGER))
            if stream.is_open:
                streams[revision] = stream
        if not streams:
            raise NotAssessedError("no stream of the target stands open")
        revoked = administrator.revoke(key_id)
        told = f"a key is refused once it is revoked (its revocation was answered {revoked})"
        establish(not wire.knock(key).succeeded, told)
        for revision, stream in streams.items():
            has_ended = stream.comes_to(lambda one: one.has_ended, bound)
            assert has_ended, (
                f"{revision}: a stream stands open {bound} s after its key was revoked: "
                f"{stream.answer}"
            )
