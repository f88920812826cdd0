"""MCP, continued: streams that are taken up again with `Last-Event-ID`."""

from __future__ import annotations

import re
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from conformance.channels.http.body import Event, events, is_reply, parsed
from conformance.channels.http.streams import following, listening
from conformance.checks.mcp._calls import calls_of
from conformance.checks.mcp._common import a_session_revision
from conformance.checks.mcp._subscribers import Changes, changes, subscribed
from conformance.forge.requests import Request, rpc
from conformance.requirement import requirement
from conformance.text.disguised import shows
from conformance.verdicts import NotAssessedError, establish
from conformance.waiting import gather

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys, TenantKeys
    from conformance.profile.target import Target

AT_ONCE = 6
SILENT_SECONDS = 0.8
"""How long a stream is watched on which nothing should come."""
NEIGHBOURS = (-2, -1, 1, 2)
STARTS = ("0", "1", "-1")
"""What whoever guesses tries first: the beginning of all that was ever sent."""
_NUMBER = re.compile(r"\d{1,12}(?!.*\d)")
"""The last number in an id."""


@dataclass(frozen=True)
class Trail:
    """A stream of a session: the last event seen of it, and what came after that, as data."""

    session: str | None
    seen: str
    missed: tuple[str, ...]


@requirement("MCP-19")
def test_a_stream_is_resumed_by_its_own_session_alone(
    wire: Wire, keys: Keys, discovery: Discovery, target: Target
) -> None:
    """A's own session gets again what it missed; the same event's id from elsewhere gets none.

    The ids of B's own stream, and the numbers beside them, get nothing of A's either.
    """
    line = wire.derived(revision=a_session_revision(discovery))
    trails = Trails(line, changes_of(wire, target, keys), keys)
    mine, theirs = trails.of(keys.a), trails.of(keys.b)
    if mine is None:
        raise NotAssessedError(
            "no stream of the target can be resumed: its events have no ids, it tells of no change "
            "on a session's stream ([tools.change] of the profile makes one), or it replays nothing"
        )
    made = attempts(line, keys, mine, theirs)
    came = gather(lambda one: resumed(line, *one[1:]), made, at_once=AT_ONCE)
    for (what, *_), found in zip(made, came, strict=True):
        shown = replayed_of(mine, found)
        assert not shown, f"{what} was replayed what tenant A's session had missed: {shown[:300]}"
    again = resumed(line, keys.a.active, mine.session, mine.seen, mine.missed[-1])
    establish(replayed_of(mine, again), "tenant A's own session can still resume its stream")


def attempts(
    line: Wire, keys: Keys, mine: Trail, theirs: Trail | None
) -> list[tuple[str, str, str | None, str]]:
    """Return who asks, with which key, in which session, for what came after which event."""
    (_, session), (_, other) = (line.open_session(key.active) for key in (keys.b, keys.a))
    made = [
        ("tenant B, in its own session,", keys.b.active, session, mine.seen),
        ("tenant B, in no session,", keys.b.active, None, mine.seen),
    ]
    if mine.session is not None:
        made += [
            ("tenant B, in tenant A's session,", keys.b.active, mine.session, mine.seen),
            ("another session of tenant A", keys.a.active, other, mine.seen),
            ("tenant A, in no session,", keys.a.active, None, mine.seen),
        ]
    own = theirs or Trail(session, "", ())
    guesses = [own.seen, *neighbours(own.seen), *neighbours(mine.seen), *STARTS]
    for guessed in dict.fromkeys(guess for guess in guesses if guess):
        what = f"tenant B, in its own session, with the event id {guessed!r},"
        made.append((what, keys.b.active, own.session, guessed))
    return made


def neighbours(event: str) -> list[str]:
    """Return the ids beside one that is counted; none where it ends with no number."""
    found = _NUMBER.search(event)
    if found is None or re.search(r"[0-9a-f]{12}", event, re.IGNORECASE):
        return []
    numbers = (int(found[0]) + step for step in NEIGHBOURS)
    return [f"{event[: found.start()]}{one}{event[found.end() :]}" for one in numbers if one >= 0]


def replayed_of(trail: Trail, came: list[Event]) -> str:
    """Return the first event that is one of those a session had missed; empty for none."""
    missed = set(trail.missed)
    return next((event.data for event in came if event.data in missed), "")


def resumed(
    line: Wire, key: str, session: str | None, event: str, awaited: str | None = None
) -> list[Event]:
    """Return what is replayed after an event, until what is awaited has come or it is late."""
    with listening(line, following(line, session, event), key) as stream:
        if awaited is None:
            stream.comes_to(lambda one: one.has_ended, SILENT_SECONDS)
        else:
            stream.comes_to(
                lambda one: one.has_ended or any(found.data == awaited for found in one.events)
            )
        return stream.events


def changes_of(wire: Wire, target: Target, keys: Keys) -> Changes | None:
    """Return what changes a resource, where the profile and the target have it."""
    if target.tools.change is None:
        return None
    try:
        return changes(wire, target.tools.change, keys)
    except NotAssessedError:
        return None  # answers may be streams, too


@dataclass(frozen=True)
class Trails:
    """Has streams carry something, and cuts them off."""

    line: Wire
    changes: Changes | None
    keys: Keys

    def of(self, tenant: TenantKeys) -> Trail | None:
        """Return a stream that its own session can resume; None where there is none."""
        for make in (self._told, self._answered):
            found = make(tenant)
            if found is not None:
                return found
        return None

    def _told(self, tenant: TenantKeys) -> Trail | None:
        """Cut off a session's own stream between two changes."""
        made = self.changes
        if made is None:
            return None
        own = made.ours if tenant is made.keys.a else made.theirs
        with subscribed(self.line, tenant.active, own) as listener:
            if not (listener.stream.is_open and made.heard(tenant, [listener])):
                return None
            seen = [event.id for event in listener.stream.events if event.id]
        if not seen or not made.make(tenant).succeeded:
            return None
        return self._resumable(
            tenant, listener.session, seen[-1], lambda data: any(shows(uri, data) for uri in own)
        )

    def _answered(self, tenant: TenantKeys) -> Trail | None:
        """Take an answer that came as a stream for cut off at its first event."""
        _, session = self.line.open_session(tenant.active)
        for request, number in self._calls(tenant, session):
            came = events(self.line.send(request, key=tenant.active).text)
            seen = [event.id for event in came if event.id]
            if not seen:
                continue
            found = self._resumable(tenant, session, seen[0], answers(number))
            if found is not None:
                return found
        return None

    def _calls(self, tenant: TenantKeys, session: str | None) -> Iterator[tuple[Request, int]]:
        """Yield calls that may be answered by a stream, each with an id that no other has."""
        called: list[tuple[str, dict[str, Any]]] = [(self.line.listing, {})]
        called += [("tools/call", asdict(call)) for call in calls_of(self.line, self.keys, tenant)]
        for method, params in called:
            number = secrets.randbelow(10**8) + 10**8
            more: dict[str, Any] = {**params, "_meta": {"progressToken": number}}
            yield (
                rpc(
                    method,
                    more,
                    revision=self.line.revision,
                    session=session,
                    message_id=number,
                ),
                number,
            )

    def _resumable(
        self, tenant: TenantKeys, session: str | None, seen: str, is_own: Callable[[str], bool]
    ) -> Trail | None:
        """Return a stream as its own session is replayed it; None where nothing is."""
        with listening(self.line, following(self.line, session, seen), tenant.active) as stream:
            stream.comes_to(
                lambda one: one.has_ended or any(is_own(event.data) for event in one.events)
            )
            missed = tuple(event.data for event in stream.events if is_own(event.data))
        return Trail(session, seen, missed) if missed else None


def answers(number: int) -> Callable[[str], bool]:
    """Return what tells whether data is the answer to the call of an id."""

    def is_own(data: str) -> bool:
        message = parsed(data)
        return is_reply(message) and message.get("id") == number

    return is_own
