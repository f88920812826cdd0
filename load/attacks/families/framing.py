"""What has no end and is no body: trailers, chunk extensions, requests in a row; and bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.forge.halves import FIELDS, PIECE
from load.attacks.attack import Attack

if TYPE_CHECKING:
    from load.attacks.attacker import Line

FEW = 16


async def _trailer(line: Line, number: int) -> None:
    del number
    await line.say(line.halves(keyed=False).trailer())
    await line.go_on(PIECE)


async def _trailer_with_key(line: Line, number: int) -> None:
    del number
    await line.say(line.halves(keyed=True).trailer())
    await line.go_on(PIECE)


async def _trailers(line: Line, number: int) -> None:
    await line.say(line.halves(keyed=number % 2 == 0).trailer())
    await line.go_on(FIELDS)


async def _extension(line: Line, number: int) -> None:
    await line.say(line.halves(keyed=number % 2 == 0).extension())
    await line.go_on(PIECE)


async def _body(line: Line, number: int) -> None:
    await line.say(line.halves(keyed=number % 2 == 0).huge_chunk())
    await line.go_on(PIECE)


async def _head(line: Line, number: int) -> None:
    del number
    await line.say(line.halves(keyed=False).head())
    await line.go_on(FIELDS)


async def _pipelined(line: Line, number: int) -> None:
    request = line.halves(keyed=number % 2 == 0).whole()
    await line.say(request * 200)
    await line.keep()


async def _pipelined_unread(line: Line, number: int) -> None:
    del number
    request = line.halves(path="/", keyed=False).whole()
    await line.say(request * 200)
    await line.be_deaf()


ATTACKS = (
    Attack("endless-trailer", "one trailer without end", FEW, _trailer),
    Attack("endless-trailer-with-key", "the same with its key", FEW, _trailer_with_key),
    Attack("many-trailers", "trailers without end, of four bytes each", FEW, _trailers),
    Attack("chunk-extensions", "a chunk extension without end", FEW, _extension),
    Attack("endless-bodies", "a chunk without end", FEW, _body),
    Attack("endless-heads", "header fields without end", FEW, _head),
    Attack("pipelining", "200 requests at once, over and over", FEW, _pipelined),
    Attack("pipelining-unread", "the same, reading no answer", 64, _pipelined_unread),
)
