"""Finds out, before any check runs, whether a target answers and which revisions it speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.evidence.answer import Answer, Transport
from conformance.forge.requests import SESSION_REVISIONS, STATELESS, opening

if TYPE_CHECKING:
    from conformance.evidence.wire import Wire


@dataclass(frozen=True)
class Discovery:
    """What was found. ``revisions`` is empty where the target told nothing without a key."""

    alive: bool
    reason: str = ""
    revisions: tuple[str, ...] = ()

    @property
    def preferred(self) -> str:
        """The revision to speak: stateless where there is a choice, since it takes one request."""
        if STATELESS in self.revisions:
            return STATELESS
        return self.revisions[0] if self.revisions else SESSION_REVISIONS[0]


def discover(wire: Wire, key: str | None) -> Discovery:
    """Open a conversation in each revision and note which are spoken."""
    spoken: list[str] = []
    stateless = wire.send(opening(STATELESS), key=key)
    if stateless.transport is not Transport.ANSWERED:
        return Discovery(alive=False, reason=f"the target does not answer: {stateless}")
    if _agrees(stateless, STATELESS):
        spoken.append(STATELESS)
    for revision in SESSION_REVISIONS:
        answer = wire.send(opening(revision), key=key)
        if answer.result.get("protocolVersion") == revision:
            spoken.append(revision)
        elif answer.status in {401, 403}:
            break  # no revision says more without a right key
    return Discovery(alive=True, revisions=tuple(spoken))


def _agrees(answer: Answer, revision: str) -> bool:
    versions = answer.result.get("supportedVersions")
    return answer.succeeded and isinstance(versions, list) and revision in versions
