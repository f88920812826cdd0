"""Requests of one address wait for one another, and for nobody else's."""

from __future__ import annotations

import asyncio

from reference_server.protocol.turns import Turns


def test_one_address_has_its_turns_and_keeps_no_other_waiting() -> None:
    async def scene() -> tuple[list[str], dict[str, object]]:
        turns, told, done = Turns(2), list[str](), asyncio.Event()

        async def ask(address: str, name: str) -> None:
            async with turns.of(address):
                told.append(name)
                await done.wait()

        crowd = [asyncio.create_task(ask("a", f"a{number}")) for number in range(4)]
        crowd.append(asyncio.create_task(ask("b", "b0")))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        seen = list(told)
        done.set()
        await asyncio.gather(*crowd)
        assert sorted(told) == ["a0", "a1", "a2", "a3", "b0"]
        return seen, vars(turns)["_queues"]

    seen, left = asyncio.run(scene())
    assert sorted(seen) == ["a0", "a1", "b0"]
    assert left == {}


def test_who_leaves_while_waiting_takes_no_place_along() -> None:
    async def scene() -> bool:
        turns = Turns(1)
        async with turns.of("a"):
            waiting = asyncio.create_task(_take(turns))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        async with asyncio.timeout(1), turns.of("a"):
            return True

    assert asyncio.run(scene())


async def _take(turns: Turns) -> None:
    async with turns.of("a"):
        pass
