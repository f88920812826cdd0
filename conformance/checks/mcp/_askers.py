"""Which tools ask, and in which era: one may ask by its result alone, another in sessions alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.channels.http.asked_in_sessions import SessionAsker
from conformance.channels.http.asking import Asker
from conformance.forge.requests import SESSION_REVISIONS, STATELESS
from conformance.verdicts import NotApplicableError, establish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.wire import Wire

    Question = dict[str, Any]

NO = {"action": "decline"}


def askers(wire: Wire, discovery: Discovery, key: str) -> list[Asker]:
    """Return whoever asks by its result, of the profile's. Raises NotApplicableError for none."""
    if STATELESS not in discovery.revisions:
        raise NotApplicableError(
            f"states are of revision {STATELESS}, which the target does not speak"
        )
    found = by_result(wire, discovery, key)
    if not found:
        raise NotApplicableError("the profile's tools ask in sessions alone")
    return found


def session_askers(wire: Wire, discovery: Discovery, key: str) -> list[SessionAsker]:
    """Return whoever asks in sessions, of the profile's. Raises NotApplicableError for none."""
    if _session_revision(discovery) is None:
        raise NotApplicableError("the target speaks no revision that has sessions")
    found = in_sessions(wire, discovery, key)
    if not found:
        raise NotApplicableError("the profile's tools ask by their results alone")
    return found


def by_result(wire: Wire, discovery: Discovery, key: str) -> list[Asker]:
    """Return whoever asks by its result.

    Who asks in no era is among them: that it asks at all is for its user to establish.
    """
    if STATELESS not in discovery.revisions:
        return []
    pairs = _pairs(wire, discovery)
    return [one for one, other in pairs if not other or one.asks(key) or not questions(other, key)]


def in_sessions(wire: Wire, discovery: Discovery, key: str) -> list[SessionAsker]:
    """Return whoever asks in sessions, in the newest revision that has them; see `by_result`."""
    is_old = STATELESS not in discovery.revisions
    pairs = [(one, other) for one, other in _pairs(wire, discovery) if other]
    return [other for one, other in pairs if is_old or questions(other, key) or not one.asks(key)]


def _session_revision(discovery: Discovery) -> str | None:
    return next((name for name in discovery.revisions if name in SESSION_REVISIONS), None)


def _pairs(wire: Wire, discovery: Discovery) -> Iterator[tuple[Asker, SessionAsker | None]]:
    """Yield each tool of the profile as one of the newest era, and as one of sessions, if any."""
    line, revision = wire.derived(revision=STATELESS), _session_revision(discovery)
    older = None if revision is None else wire.derived(revision=revision)
    for tool in wire.target.tools.asking:
        yield Asker(line, tool), None if older is None else SessionAsker(older, tool)


def questions(asker: SessionAsker, key: str) -> list[Question]:
    """Return what a tool asks in a session in which every answer is no, if it asks at all."""
    try:
        return _asked_of(asker, key)
    except NotApplicableError:  # there are no sessions in which it could ask
        return []


def declined(asker: SessionAsker, key: str) -> list[Question]:
    """Return what a tool asks in a session in which every answer is no. It must ask."""
    seen = _asked_of(asker, key)
    establish(seen, f"{asker.tool.name} asks before it acts")
    return seen


def _asked_of(asker: SessionAsker, key: str) -> list[Question]:
    session = asker.open(key)
    seen: list[Question] = []

    def decline(question: Question) -> None:
        seen.append(question)
        asker.answer(key, session, question, NO)

    asker.call(key, session, decline)
    return seen
