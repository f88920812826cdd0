"""An open stream is looked at again, and ends when its caller may no longer have it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from reference_server.core.errors import StorageUnavailableError
from reference_server.core.vocabulary import Scheme
from reference_server.protocol import watch as module
from reference_server.protocol.exchange import GONE, Exchange


async def _never() -> Any:
    await asyncio.Event().wait()


def _exchange() -> Exchange:
    context: Any = SimpleNamespace(credential="key", principal=None)
    return Exchange(context, _never, _never, asyncio.Event())  # type: ignore[arg-type]


def test_a_stream_ends_with_the_right_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WATCH_SECONDS", 0.01)
    answers = iter([True, True, False])

    def may_stay(context: Any, parts: Any) -> bool:
        del context, parts
        return next(answers)

    parts: Any = SimpleNamespace(mcp=SimpleNamespace(may_stay=may_stay))

    async def served() -> Any:
        exchange = _exchange()
        exchange.body_read = True
        watching = asyncio.create_task(module.watch(exchange, parts, ThreadPoolExecutor(1)))
        gone = await asyncio.wait_for(exchange.receive(), 10)
        await asyncio.wait_for(watching, 10)
        return gone

    assert asyncio.run(served()) == GONE
    assert next(answers, None) is None


@pytest.mark.parametrize(("found", "stays"), [("somebody", True), (None, False)])
def test_a_key_is_looked_up_again(found: str | None, *, stays: bool) -> None:
    def find(digest: str, now: Any) -> Any:
        del digest, now
        return found

    assert module.may_stay(_exchange().context, _parts(find)) is stays


def test_nobody_stays_whose_key_cannot_be_looked_up() -> None:
    def find(digest: str, now: Any) -> Any:
        del digest, now
        raise StorageUnavailableError("down")

    assert not module.may_stay(_exchange().context, _parts(find))


@pytest.mark.parametrize("holds", [True, False])
def test_a_session_is_looked_at_again_and_no_key_is(*, holds: bool) -> None:
    context: Any = SimpleNamespace(principal=SimpleNamespace(scheme=Scheme.SESSION))

    def is_held(principal: Any) -> bool:
        return principal is context.principal and holds

    validator = SimpleNamespace(holds=is_held)
    parts: Any = SimpleNamespace(tokens=SimpleNamespace(validator=validator))
    assert module.may_stay(context, parts) is holds


def _parts(find: Any) -> Any:
    hasher = SimpleNamespace(digest=str)
    keys = SimpleNamespace(hasher=hasher, directory=SimpleNamespace(find=find))
    return SimpleNamespace(keys=keys, clock=SimpleNamespace(now=str))
