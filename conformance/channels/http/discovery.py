"""Finds out, before any check runs, whether a target answers and which revisions it speaks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.channels.http.answer import Answer, Transport
from conformance.forge.requests import LISTED, SESSION_REVISIONS, STATELESS, opening

if TYPE_CHECKING:
    from conformance.channels.http.wire import Wire


_SECOND_CHANCE = 3.0
"""Seconds in which a target must answer that left the first request without an answer."""


@dataclass(frozen=True)
class Discovery:
    """What was found. ``revisions`` is empty where the target told nothing without a key.

    ``openings`` are the answers it was found from.
    """

    alive: bool
    reason: str = ""
    revisions: tuple[str, ...] = ()
    openings: tuple[Answer, ...] = field(default=(), repr=False, compare=False)

    @property
    def preferred(self) -> str:
        """The revision to speak: stateless where there is a choice, since it takes one request."""
        if STATELESS in self.revisions:
            return STATELESS
        return self.revisions[0] if self.revisions else SESSION_REVISIONS[0]

    @property
    def eras(self) -> tuple[str, ...]:
        """One revision of each era that is spoken: the newest with sessions, and without."""
        with_sessions = [name for name in self.revisions if name != STATELESS][:1]
        return tuple(name for name in self.revisions if name == STATELESS or name in with_sessions)

    @property
    def capabilities(self) -> set[str]:
        """The names of the capabilities that the target tells of when a client opens."""
        return {name for answer in self.openings for name in answer.capabilities}

    @property
    def listing(self) -> str:
        """The method that lists something the target announces, tools if it may be."""
        told = self.capabilities
        return next((one for one in LISTED if one.partition("/")[0] in told), "tools/list")


def discover(wire: Wire, key: str | None) -> Discovery:
    """Open a conversation in each revision and note which are spoken."""
    spoken: list[str] = []
    stateless = wire.send(opening(STATELESS), key=key)
    openings = [stateless]
    if _is_whole(stateless):
        if _agrees(stateless, STATELESS):
            spoken.append(STATELESS)
    elif not _is_whole(again := _asked_again(wire, key)):
        return Discovery(alive=False, reason=_why_dead(stateless, again))
    for revision in SESSION_REVISIONS:
        answer = wire.send(opening(revision), key=key)
        openings.append(answer)
        if answer.succeeded and answer.result.get("protocolVersion") == revision:
            spoken.append(revision)
        elif answer.status in {401, 403} or not _is_whole(answer):
            break  # no revision says more without a right key, or to a server that is stuck
    return Discovery(alive=True, revisions=tuple(spoken), openings=tuple(openings))


def _asked_again(wire: Wire, key: str | None) -> Answer:
    """Ask once more, in another way: the request may have been at fault, or one process of two."""
    return wire.derived(seconds=_SECOND_CHANCE).send(opening(SESSION_REVISIONS[0]), key=key)


def _is_whole(answer: Answer) -> bool:
    return answer.transport is Transport.ANSWERED and not answer.truncated


def _why_dead(first: Answer, again: Answer) -> str:
    if first.truncated or again.truncated:
        seen = first if first.truncated else again
        return f"the target's answers have no end: {len(seen.body)} bytes in {seen.seconds:.0f} s"
    return f"the target does not answer: {first}"


def _agrees(answer: Answer, revision: str) -> bool:
    versions = answer.result.get("supportedVersions")
    return answer.succeeded and isinstance(versions, list) and revision in versions
