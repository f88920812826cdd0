"""Requests as fast as they are answered: refused, limited, and those that ask for liveness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.forge.keys import random_key
from conformance.forge.requests import Request
from load.attacks.attack import Attack

if TYPE_CHECKING:
    from load.attacks.attacker import Line

SOME = 16


async def _refused(line: Line, number: int) -> None:
    del number
    await line.ask_on(line.halves(keyed=False).whole())


async def _wrong_keys(line: Line, number: int) -> None:
    del number
    while True:  # bounded: by the attack's time
        halves = line.halves(keyed=False)
        fields = ((line.place.key_header, random_key()),)
        await line.ask(type(halves)(halves.request, halves.authority, halves.path, fields).whole())


async def _limited(line: Line, number: int) -> None:
    del number
    await line.ask_on(line.halves(keyed=True).whole())


async def _liveness(line: Line, number: int) -> None:
    del number
    await line.ask_on(line.halves(Request("GET"), "/health", keyed=False).whole())


async def _anew_each_time(line: Line, number: int) -> None:
    del number
    await line.ask(line.halves(Request("GET"), "/nowhere", keyed=False).whole())


ATTACKS = (
    Attack("refusals", "asks without a key, from an address that is soon blocked", SOME, _refused),
    Attack("wrong-keys", "another wrong key each time", SOME, _wrong_keys),
    Attack("small-calls", "small calls with its key, soon beyond every limit", SOME, _limited),
    Attack("liveness", "asks whether the server is alive", SOME, _liveness),
    Attack("a-connection-each", "asks once on each connection", SOME, _anew_each_time),
)
