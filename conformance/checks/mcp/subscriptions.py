"""MCP, continued: who is told that something has changed."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from conformance.analysis.alike import difference
from conformance.channels.http.streams import BEGIN_SECONDS, listening
from conformance.checks.mcp._common import eras
from conformance.checks.mcp._subscribers import (
    Subscriber,
    asking,
    changes,
    own_of_each,
    subscribed,
    subscribing,
)
from conformance.forge.objects import nobodys_text
from conformance.forge.requests import STATELESS
from conformance.model import Channel
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.text.disguised import shows
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys
    from conformance.profile.target import Target


@requirement("MCP-18")
def test_another_tenants_resource_is_subscribed_to_like_none(
    wire: Wire, keys: Keys, discovery: Discovery
) -> None:
    """Its owner can subscribe to it; to anybody else it is a URI that names nothing.

    A server may take any URI: it must take both then, and tell of neither.
    """
    revisions = eras(discovery)
    ours, theirs = own_of_each(wire, keys)
    uri = ours[0]
    unknown = nobodys_uri(uri, [*ours, *theirs])
    judged = 0
    for revision in revisions:
        subscribe = subscription_in(wire.derived(revision=revision), keys)
        if not takes(subscribe(keys.a.active, uri)):
            continue
        judged += 1
        foreign, absent = (
            partial(subscribe, keys.b.active, one, beside=(uri, unknown)) for one in (uri, unknown)
        )
        told = difference(foreign, absent)
        assert not told, (
            f"{revision}: a subscription to another tenant's resource is told apart from one to "
            f"an unknown one: {told}"
        )
    if not judged:
        raise NotAssessedError("the owner of a resource cannot subscribe to it in any revision")


def nobodys_uri(uri: str, known: list[str]) -> str:
    """Return a URI in the form of one that names nothing."""
    start = uri.rstrip("/").rfind("/") + 1 or uri.rfind(":") + 1
    ends = [one[start:] for one in known if one.startswith(uri[:start])]
    return uri[:start] + nobodys_text(uri[start:], ends)


def takes(answer: Answer) -> bool:
    """Tell whether a subscription was accepted: by its result, or by a stream."""
    kind = answer.header("content-type") or ""
    is_stream = kind.startswith("text/event-stream")
    return "error" not in answer.message and ("result" in answer.message or is_stream)


def subscription_in(line: Wire, keys: Keys) -> Callable[..., Answer]:
    """Return what subscribes a caller to a URI, as clients of the line's revision do it."""
    sessions: dict[str, str | None] = {}
    if line.revision != STATELESS:
        for key in (keys.a.active, keys.b.active):
            answer, sessions[key] = line.open_session(key)
            establish(answer.succeeded, f"a session can be opened (got {answer})")

    def subscribe(key: str, uri: str, beside: tuple[str, ...] = ()) -> Answer:
        if line.revision != STATELESS:
            number = line.message_id(key)
            answer = line.send(subscribing(line, sessions[key], uri, number), key=key)
            return answer.without(*beside)
        with listening(line, asking(line, [uri]), key) as stream:
            stream.comes_to(lambda one: one.has_ended or bool(one.told), BEGIN_SECONDS)
            return stream.answer.without(*beside)

    return subscribe


@requirement("MCP-18", also_needs=(Channel.CHANGING_TOOL,))
def test_a_change_is_told_to_its_own_tenant_alone(
    wire: Wire, keys: Keys, discovery: Discovery, target: Target
) -> None:
    """A's own stream tells of A's change, and B's tell of B's before it and after it.

    What B's streams were told of A's would have come between the two. B listens to its own
    resources, to A's as far as it is let, and to nothing in particular.
    """
    revisions = eras(discovery)
    made = changes(wire, supplied(target.tools.change), keys)
    with ExitStack() as stack:
        own, spies = list[Subscriber](), list[Subscriber]()
        for revision in revisions:
            line = wire.derived(revision=revision)
            mine = stack.enter_context(subscribed(line, keys.a.active, made.ours))
            if mine.stream.is_open:
                own.append(mine)
                spies += [
                    stack.enter_context(subscribed(line, keys.b.active, uris))
                    for uris in (made.theirs, made.ours, ())
                ]
        hearing = made.heard(keys.b, [one for one in spies if one.uris == made.theirs])
        told = made.heard(keys.a, own)
        if not told:
            raise NotAssessedError("no stream of the tenant that changed a resource tells of it")
        answer = made.make(keys.b)
        again = made.heard(keys.b, hearing)
        for spy in spies:
            shown = spy.shown(made.marks)
            assert not shown, f"a stream of tenant B ({spy}) tells of tenant A's change: {shown}"
        leaked = [mark for mark in made.marks if shows(mark, answer.text)]
        assert not leaked, f"the answer to tenant B's call tells of tenant A's change: {answer}"
    heard = {one.revision for one in again}
    establish(heard >= {one.revision for one in told}, "tenant B is told of what it changes itself")
