"""MCP, continued: streams that outlive the key they were opened with."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from conformance.channels.http.streams import following, listening
from conformance.checks.mcp._common import eras
from conformance.checks.mcp._subscribers import asking
from conformance.forge.requests import STATELESS
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from conformance.channels.http.admin import Administrator
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.streams import Stream
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.profile.target import Target

HOUR = 3600
LONGER = 30.0
"""Seconds for which a stream is read beyond those in which it must end."""
_DECLARED = "stream_end_seconds"


@requirement("MCP-17")
def test_a_revoked_keys_streams_end(
    wire: Wire, administrator: Administrator, discovery: Discovery, target: Target
) -> None:
    """Each stream stands open when its key is revoked, and ends within the declared seconds."""
    key, key_id = administrator.mint_with_id()
    with ExitStack() as stack:
        streams = _standing(stack, wire, discovery, target, key)
        revoked = administrator.revoke(key_id)
        told = f"a key is refused once it is revoked (its revocation was answered {revoked})"
        establish(not wire.knock(key).succeeded, told)
        require_ends(streams, target, "after its key was revoked")


@requirement("MCP-17-b")
def test_an_expired_keys_streams_end(
    wire: Wire,
    administrator: Administrator,
    discovery: Discovery,
    target: Target,
    passage: Passage,
) -> None:
    """A rotation gives the key an end that then comes, while its streams stand open."""
    key, newer = administrator.mint(), administrator.mint()
    with ExitStack() as stack:
        streams = _standing(stack, wire, discovery, target, key)
        passage.of(target.limits.rotation_grace_seconds + HOUR)
        establish(wire.knock(newer).succeeded, "the newer key works after the older one's grace")
        establish(not wire.knock(key).succeeded, "a key is refused once its grace is over")
        require_ends(streams, target, "after its key had expired")


def _standing(
    stack: ExitStack, wire: Wire, discovery: Discovery, target: Target, key: str
) -> dict[str, Stream]:
    """Return the key's streams that stand open, by revision; NotAssessedError where none does."""
    establish(wire.knock(key).succeeded, "the new key works")
    longest = target.limits.stream_end_seconds + LONGER
    streams: dict[str, Stream] = {}
    for revision in eras(discovery):
        line = wire.derived(revision=revision)
        if revision == STATELESS:
            request = asking(line, ())
        else:
            answer, session = line.open_session(key)
            establish(answer.succeeded, f"a session can be opened (got {answer})")
            request = following(line, session)
        stream = stack.enter_context(listening(line, request, key, seconds=longest))
        if stream.is_open:
            streams[revision] = stream
    if not streams:
        raise NotAssessedError("no stream of the target stands open")
    return streams


def require_ends(streams: dict[str, Stream], target: Target, when: str) -> None:
    """Require each stream to end in time; NotAssessedError where no time is declared for it."""
    bound = target.limits.stream_end_seconds
    for revision, stream in streams.items():
        has_ended = stream.comes_to(lambda one: one.has_ended, bound)
        if not has_ended and _DECLARED not in target.limits.model_fields_set:
            raise NotAssessedError(
                f"{revision}: a stream stands open {bound} s {when}: declare [limits] {_DECLARED}"
            )
        assert has_ended, f"{revision}: a stream stands open {bound} s {when}: {stream.answer}"
