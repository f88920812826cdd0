"""Calls that are as large and as costly as they may be, and larger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from load.attacks.attack import Attack

if TYPE_CHECKING:
    from load.attacks.attacker import Line

LARGE = 250_000
TOO_LARGE = 4_000_000
FEW = 8


async def _text(line: Line, number: int) -> None:
    name, message, _ = line.place.failing
    word = ("api ", "Bearer ", "password" + " " * 40, "\\")[number % 4]
    await line.ask_on(line.call(name, {message: word * (LARGE // len(word) // 2)}))


async def _too_long(line: Line, number: int) -> None:
    del number
    name, message, _ = line.place.failing
    await line.ask_on(line.call(name, {message: "api " * (TOO_LARGE // 4)}))


async def _members(line: Line, number: int) -> None:
    del number
    name, message, detail = line.place.failing
    wide = {f"a{one}": "token=x" for one in range(LARGE // 25)}
    await line.ask_on(line.call(name, {message: "one", detail: wide}))


async def _unknown(line: Line, number: int) -> None:
    del number
    await line.ask_on(line.call(line.place.ping, {f"a{one}": 1 for one in range(LARGE // 15)}))


ATTACKS = (
    Attack("large-texts", "texts of 250 KB that are full of names of secrets", FEW, _text),
    Attack("texts-of-4-MB", "the same of 4 MB, more than a message may have", FEW, _too_long),
    Attack("wide-arguments", "an argument with ten thousand members", FEW, _members),
    Attack("unknown-arguments", "sixteen thousand arguments that no tool has", FEW, _unknown),
)
