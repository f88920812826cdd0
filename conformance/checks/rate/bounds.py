"""RATE: how much one principal, and one address, may have open, and that it costs no other one."""

from __future__ import annotations

from contextlib import nullcontext
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from conformance.analysis.delays import another_caller
from conformance.channels.http.crowd import OPEN_SECONDS, Crowd, crowded, room_for
from conformance.channels.http.streams import following, listening
from conformance.channels.memory import MIB, memory_of
from conformance.checks.rate._sessions import Sessions, begun, goes_on, in_session, stream_of
from conformance.model import Channel
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError, establish
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.streams import Stream
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.forge.keys import Keys, TenantKeys
    from conformance.manners.addresses import AddressPool
    from conformance.profile.target import Target

BEYOND = 8
"""How many more are opened than there may be."""
UNDECLARED = 256
"""Sessions that are opened where nobody has declared how many there may be."""
MOST_SESSIONS = 2000
CONNECTIONS = 1100
"""Connections of one address: more than the files that a process usually may open, 1024."""
CLOSE_SECONDS = 2.0
"""Seconds in which a server has to close what it does not admit."""
STREAMS = 48
"""Streams of one principal at one address, fewer than the requests that it has."""
WITHOUT_A_CLOCK = 3
"""The part of these that is opened where no time can be let pass until a tenant may ask again."""


@pytest.fixture
def sessions(
    wire: Wire, addresses: AddressPool, guest: TenantKeys, passage: Passage, discovery: Discovery
) -> Iterator[Sessions]:
    """Sessions of one principal, with every window empty where time can be let pass."""
    if wire.target.has(Channel.CLOCK):
        passage.of_windows(wire.target.limits)
    line, _ = begun(wire, discovery, guest.active)
    opened = Sessions(line, addresses, passage, guest.active)
    yield opened
    opened.leave_none()


@requirement("RATE-12")
def test_one_with_many_connections_costs_no_other_anything(
    wire: Wire, addresses: AddressPool, keys: Keys
) -> None:
    """Idle ones, all of one address: no request is counted, and nobody else has a connection."""

    def attack() -> AbstractContextManager[Crowd]:
        many = room_for(CONNECTIONS)
        return crowded(wire, addresses.fresh(), lambda crowd: crowd.open([b""] * many))

    hurt = another_caller(wire, addresses, keys.active).is_hurt_by(attack)
    assert hurt is None, f"beside {room_for(CONNECTIONS)} connections of one address, {hurt}"


@requirement("RATE-12")
def test_one_with_many_sessions_costs_no_other_anything(
    addresses: AddressPool, keys: Keys, target: Target, sessions: Sessions
) -> None:
    """The other principal has a session from before, and opens one afterwards."""
    own, session = sessions.line.open_session(keys.active)
    establish(own.succeeded and session, f"another principal has a session (got {own})")
    sessions.open_many(_wanted(target), may_wait=target.has(Channel.CLOCK))
    establish(sessions.opened, "one principal opens sessions")
    caller = sessions.line.derived(address=addresses.fresh())
    kept = caller.send(in_session(caller, session), key=keys.active)
    assert kept.status != HTTPStatus.NOT_FOUND, (
        f"beside {len(sessions.opened)} sessions of one principal, another's has ended: {kept}"
    )
    establish(goes_on(kept), f"a session of before goes on (got {kept})")
    new, _ = caller.open_session(keys.active)
    count = len(sessions.opened)
    if not new.succeeded:
        sessions.end_all()
        again, _ = caller.open_session(keys.active)
        establish(again.succeeded, f"once those are ended, a session can be opened (got {again})")
    assert new.succeeded, (
        f"beside {count} sessions of one principal, another could open none: {new}"
    )


@requirement("RATE-12")
def test_one_with_many_streams_costs_no_other_anything(
    wire: Wire, addresses: AddressPool, keys: Keys, sessions: Sessions
) -> None:
    """Each is asked for in a session of its own, and left open; nothing of it is read."""
    fill = _streams_of(sessions)
    hurt = another_caller(sessions.line, addresses, keys.active).is_hurt_by(
        lambda: crowded(wire, addresses.fresh(), fill)
    )
    assert hurt is None, f"beside {len(sessions.opened)} streams of one principal, {hurt}"


@requirement("RATE-12")
def test_one_with_many_streams_ends_no_stream_of_another(
    wire: Wire, addresses: AddressPool, keys: Keys, sessions: Sessions
) -> None:
    """The other's stands open from before; one that ended is opened anew, while nobody has many."""
    opened, session = sessions.line.open_session(keys.active)
    establish(opened.succeeded and session, f"another principal has a session (got {opened})")
    fill = _streams_of(sessions)
    caller = sessions.line.derived(address=addresses.fresh())
    seconds = OPEN_SECONDS + CLOSE_SECONDS

    def ends(while_it: AbstractContextManager[object], seconds: float) -> Stream | None:
        with listening(caller, following(caller, session), keys.active) as own:
            if not own.is_open:
                raise NotApplicableError(f"a session's stream does not stand open: {own.answer}")
            with while_it:
                return own if own.comes_to(lambda one: one.has_ended, seconds) else None

    count = len(sessions.opened)
    ended = ends(crowded(wire, addresses.fresh(), fill), CLOSE_SECONDS)
    if ended is not None:
        sessions.end_all()
        again = ends(nullcontext(), seconds)
        establish(again is None, f"a stream stands open for {seconds:.0f} s by itself")
    assert ended is None, (
        f"as one principal opened {count} streams, another's ended: {ended.answer}"
    )


def _streams_of(sessions: Sessions) -> Callable[[Crowd], None]:
    """Open sessions, and return what opens the stream of each."""
    line, key, target = sessions.line, sessions.key, sessions.line.target
    sessions.open_many(_few(STREAMS, target), may_wait=target.has(Channel.CLOCK))
    establish(sessions.opened, "one principal opens sessions")

    def fill(crowd: Crowd) -> None:
        line.charge(key, len(sessions.opened))
        crowd.open([stream_of(line, crowd.authority, key, one) for one in sessions.opened])

    return fill


@requirement("RATE-12-b")
def test_the_connections_of_an_address_are_bounded(
    wire: Wire, addresses: AddressPool, target: Target
) -> None:
    """As many more as are beyond the bound are not admitted, or closed at once."""
    most = target.limits.connections
    wanted = most + BEYOND
    establish(room_for(wanted) == wanted, f"the judge may open {wanted} connections")
    with Crowd(wire, addresses.fresh()) as crowd:
        crowd.open([b""] * wanted)
        wait_for(lambda: crowd.still_open() <= most, CLOSE_SECONDS)
        left = crowd.still_open()
    assert left <= most, f"{left} connections of one address stand open, where {most} may"


@requirement("RATE-12-b")
def test_the_sessions_of_a_principal_are_bounded_and_so_is_their_memory(
    target: Target, sessions: Sessions
) -> None:
    """Whatever gives way, the new ones or the old: of what was opened, no more than that go on."""
    most, channel = target.limits.sessions, supplied(target.channels.memory)
    establish(most <= MOST_SESSIONS, f"no more than {MOST_SESSIONS} sessions need be opened")
    before = memory_of(channel)
    sessions.open_many(most + BEYOND, may_wait=True)
    establish(len(sessions.opened) >= min(most, BEYOND), "sessions can be opened")
    grown = memory_of(channel) - before
    alive = sessions.alive(most)
    assert alive <= most, f"{alive} sessions of one principal go on, where {most} may"
    assert grown <= channel.most_mib * MIB, (
        f"{len(sessions.opened)} sessions of one principal take {grown // MIB} MiB"
    )


def _wanted(target: Target) -> int:
    declared = target.limits.sessions if target.has(Channel.SESSION_LIMIT) else UNDECLARED
    return _few(min(declared, UNDECLARED), target) + BEYOND


def _few(count: int, target: Target) -> int:
    return count if target.has(Channel.CLOCK) else count // WITHOUT_A_CLOCK
