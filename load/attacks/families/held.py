"""Connections that stand still: idle, or in the middle of a head or a body."""

from __future__ import annotations

from typing import TYPE_CHECKING

from load.attacks.attack import Attack

if TYPE_CHECKING:
    from load.attacks.attacker import Line

MANY = 400
"""Connections, more than one address may have."""


async def _idle(line: Line, number: int) -> None:
    del number
    await line.keep()


async def _half_head(line: Line, number: int) -> None:
    del number
    await line.say(line.halves(keyed=False).head() + b"a" * 100_000)
    await line.keep()


async def _dripped_head(line: Line, number: int) -> None:
    del number
    await line.drip(line.halves(keyed=False).head())


async def _half_body(line: Line, number: int) -> None:
    path = line.place.routes[number % len(line.place.routes)]
    await line.say(line.halves(path=path, keyed=False).body())
    await line.keep()


async def _half_body_with_key(line: Line, number: int) -> None:
    path = line.place.routes[number % len(line.place.routes)]
    await line.say(line.halves(path=path, keyed=True).body())
    await line.keep()


async def _come_and_go(line: Line, number: int) -> None:
    del line, number


ATTACKS = (
    Attack("idle-connections", "opens connections and says nothing", MANY, _idle),
    Attack("half-heads", "says 100 KB of a head and waits", MANY, _half_head),
    Attack("dripped-heads", "says a byte of a head each second", MANY, _dripped_head),
    Attack("half-bodies", "says a byte of a body, at every route", MANY, _half_body),
    Attack("half-bodies-with-key", "the same with its key", MANY, _half_body_with_key),
    Attack("come-and-go", "connects and breaks off", MANY, _come_and_go),
)
