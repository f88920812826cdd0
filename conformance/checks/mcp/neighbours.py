"""MCP: what one client does, with a key or without, delays no other and fills no memory."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from conformance.analysis.delays import another_caller
from conformance.channels.http.crowd import Crowd, crowded, each, room_for
from conformance.channels.memory import MIB, memory_of
from conformance.forge.halves import FIELDS, PIECE, Halves
from conformance.forge.requests import opening
from conformance.model import Channel
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.verdicts import establish
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.forge.keys import TenantKeys
    from conformance.manners.addresses import AddressPool
    from conformance.profile.target import Target

    Fill = Callable[[Crowd, Wire, str | None], None]

MANY = 256
"""Connections that stand still: more than most servers have threads."""
SOME, FEWER = 48, 20
"""Requests with a key that wait for their bodies: fewer than an address may ask for; and where no
time can be let pass until a tenant may ask for more."""
FEW = 16
"""Connections that go on and on."""
PIPELINED = 64
"""Requests at once on one connection."""
FLOOD = 64 * MIB
"""Bytes of trailers, or chunk extensions, that nobody should read."""
GROWING_SECONDS = 4.0
"""How long is said what a server may keep: one that takes it slowly fills up as well."""
LONGEST = 2 * GROWING_SECONDS
TWICE = 2
"""How often a server must hold too much: of what it has read it may not have let go yet."""


def _halves(crowd: Crowd, wire: Wire, key: str | None, path: str | None = None) -> Halves:
    fields = () if key is None else (wire.key_header(key),)
    own = wire.path if key is None else wire.path_of(key)
    return Halves(opening(wire.revision), crowd.authority, path or own, fields)


def _elsewhere(crowd: Crowd, wire: Wire, key: str | None) -> list[Halves]:
    """Return what to say at each route that the profile names, beside the endpoint."""
    target = wire.target
    routes = dict.fromkeys(target.routes.paths().values())
    if target.oauth is not None:
        routes[target.oauth.finish.path] = None
    return [_halves(crowd, wire, key, path) for path in routes]


def _count(wire: Wire, key: str | None) -> int:
    return MANY if key is None else _some(wire.target)


def _some(target: Target) -> int:
    return SOME if target.has(Channel.CLOCK) else FEWER


def _idle(crowd: Crowd, wire: Wire, key: str | None) -> None:
    del wire, key
    crowd.open([b""] * room_for(MANY))


def _half_heads(crowd: Crowd, wire: Wire, key: str | None) -> None:
    crowd.open([_halves(crowd, wire, key).head()] * room_for(MANY))


def _half_bodies(crowd: Crowd, wire: Wire, key: str | None) -> None:
    halves = _halves(crowd, wire, key)
    crowd.open([*each(room_for(_count(wire, key)), halves.body(), halves.chunk())])


def _half_bodies_elsewhere(crowd: Crowd, wire: Wire, key: str | None) -> None:
    said = [one.body() for one in _elsewhere(crowd, wire, key)]
    crowd.open([*each(room_for(_count(wire, key)), *said)] if said else [])


def _half_trailers(crowd: Crowd, wire: Wire, key: str | None) -> None:
    crowd.open([_halves(crowd, wire, key).trailer()] * room_for(_count(wire, key)))


def _endless_trailers(crowd: Crowd, wire: Wire, key: str | None) -> None:
    crowd.open([_halves(crowd, wire, key).trailer()] * FEW)
    crowd.flood(PIECE, FLOOD)


def _endless_extensions(crowd: Crowd, wire: Wire, key: str | None) -> None:
    crowd.open([_halves(crowd, wire, key).extension()] * FEW)
    crowd.flood(PIECE, FLOOD)


def _pipelined(crowd: Crowd, wire: Wire, key: str | None) -> None:
    """Have many requests answered that nobody hears: as many with a key as an address may ask."""
    at_once = PIPELINED if key is None else max(1, _some(wire.target) // FEW)
    crowd.open([_halves(crowd, wire, key).whole() * at_once] * FEW)


WITHOUT_A_KEY: dict[str, Fill] = {
    "idle connections": _idle,
    "half-sent heads": _half_heads,
    "half-sent bodies": _half_bodies,
    "half-sent bodies for other routes": _half_bodies_elsewhere,
    "half-sent trailers": _half_trailers,
    "endless trailers": _endless_trailers,
    "endless chunk extensions": _endless_extensions,
    "pipelined requests": _pipelined,
}
WITH_A_KEY: dict[str, Fill] = {
    "half-sent bodies": _half_bodies,
    "half-sent bodies for other routes": _half_bodies_elsewhere,
    "half-sent trailers": _half_trailers,
    "endless trailers": _endless_trailers,
    "pipelined requests": _pipelined,
}


@requirement("MCP-29")
def test_one_client_without_a_key_delays_no_other(
    wire: Wire, addresses: AddressPool, target: Target
) -> None:
    """One address does it, and whoever asks meanwhile comes from others, on new connections.

    What stands still costs the judge nothing; where it goes on, its own work is measured.
    """
    neighbour = another_caller(wire, addresses, target.tenants.a.key if target.tenants else None)
    for what, fill in WITHOUT_A_KEY.items():

        def attack(crowd: Crowd, fill: Fill = fill) -> None:
            fill(crowd, wire, None)
            wire.note_sent("POST", None, MANY, fails=True)

        hurt = neighbour.is_hurt_by(partial(_crowded, wire, addresses, attack))
        assert hurt is None, f"beside {what} of one client without a key, {hurt}"


@requirement("MCP-29", also_needs=(Channel.KEYS,))
def test_one_client_with_a_key_delays_no_other(
    wire: Wire, addresses: AddressPool, target: Target, guest: TenantKeys, passage: Passage
) -> None:
    """The key is another tenant's than that of whoever asks meanwhile, from other addresses."""
    neighbour = another_caller(wire, addresses, supplied(target.tenants).a.key)
    for what, fill in WITH_A_KEY.items():
        if target.has(Channel.CLOCK):
            passage.of_windows(target.limits)  # of those who are refused, few wait for a body
        line = wire.derived(address=addresses.fresh())
        establish(line.knock(guest.active).succeeded, "the key works")

        def attack(crowd: Crowd, fill: Fill = fill, line: Wire = line) -> None:
            line.charge(guest.active, _some(target))
            fill(crowd, wire, guest.active)

        hurt = neighbour.is_hurt_by(partial(_crowded, wire, addresses, attack))
        assert hurt is None, f"beside {what} of one client with a key, {hurt}"


def _crowded(
    wire: Wire, addresses: AddressPool, attack: Callable[[Crowd], None]
) -> AbstractContextManager[Crowd]:
    """Return what has a client at an address of its own do it."""
    return crowded(wire, addresses.fresh(), attack)


ENDLESS: dict[str, tuple[Callable[[Halves], bytes], bytes]] = {
    "heads of many fields": (Halves.head, FIELDS),
    "heads of a long one": (Halves.head, PIECE),
    "bodies": (Halves.huge_chunk, PIECE),
    "many trailers": (Halves.trailer, FIELDS),
    "long trailers": (Halves.trailer, PIECE),
    "chunk extensions": (Halves.extension, PIECE),
}
"""What goes on and on, how it begins and what is said then, by what a server might keep of it."""


@requirement("MCP-29-b")
def test_what_never_ends_fills_no_memory(
    wire: Wire, addresses: AddressPool, target: Target
) -> None:
    """More is said than the server may grow by, and it is looked at while all of it is held."""
    grown = _grown(wire, addresses, target, None)
    assert not grown, f"one client without a key has the server hold {grown}"


@requirement("MCP-29-b", also_needs=(Channel.KEYS,))
def test_what_never_ends_fills_no_memory_with_a_key(
    wire: Wire, addresses: AddressPool, target: Target, guest: TenantKeys
) -> None:
    """Whoever is let in may be heard for longer, and is bounded all the same."""
    line = wire.derived(address=addresses.fresh())
    establish(line.knock(guest.active).succeeded, "the key works")
    line.charge(guest.active, FEW * len(ENDLESS))
    grown = _grown(wire, addresses, target, guest.active)
    assert not grown, f"one client with a key has the server hold {grown}"


def _grown(wire: Wire, addresses: AddressPool, target: Target, key: str | None) -> str:
    """Return what filled more memory than it may, twice; empty where nothing does."""
    channel = supplied(target.channels.memory)
    most = channel.most_mib * MIB
    for what, (half, piece) in ENDLESS.items():
        before = memory_of(channel)
        grown = [0] * TWICE
        for turn in range(TWICE):
            with Crowd(wire, addresses.fresh()) as crowd:
                crowd.open([half(_halves(crowd, wire, key))] * FEW)
                crowd.flood(piece, 2 * most, GROWING_SECONDS)
                grown[turn] = _growth_beside(crowd, target, before)
            wire.note_sent("POST", None, FEW, fails=key is None)
            if grown[turn] <= most:
                break
        if min(grown) > most:
            return f"{min(grown) // MIB} MiB more, by {what}"
    return ""


def _growth_beside(crowd: Crowd, target: Target, before: int) -> int:
    """Return by how many bytes a server has grown while it is told what never ends.

    No more is said than decides: what it holds may be all that the machine has.
    """
    channel = supplied(target.channels.memory)
    most = before + channel.most_mib * MIB
    wait_for(lambda: crowd.has_said_all() or memory_of(channel) > most, LONGEST)
    return memory_of(channel) - before
