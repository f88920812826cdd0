"""How many streams a principal may have open, and that it costs no other one any."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from http import HTTPStatus
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from reference_server.core.settings import Limits
from reference_server.protocol.exchange import Exchange
from reference_server.protocol.streams import Streams
from reference_server.tests.asking import SESSIONS, open_session, stateless
from reference_server.tests.fakes import KEY_A, KEY_B, World
from reference_server.tests.live import serving

if TYPE_CHECKING:
    from collections.abc import Generator

SHARE = 3
LISTEN = {"notifications": {"toolsListChanged": True}}


async def _never() -> Any:
    await asyncio.Event().wait()


def _exchange() -> Exchange:
    context: Any = SimpleNamespace(request_id="r")
    return Exchange(context, _never, _never, asyncio.Event())  # type: ignore[arg-type]


async def _ended(*exchanges: Exchange) -> list[bool]:
    return [await one.has_ended_within(0.01) for one in exchanges]


def test_one_beyond_the_share_ends_its_owners_oldest() -> None:
    async def opened() -> tuple[list[bool], list[int]]:
        streams, made = Streams(2), [_exchange() for _ in range(4)]
        with ExitStack() as stack:
            stack.enter_context(streams.open("other", made[0]))
            for one in made[1:]:
                stack.enter_context(streams.open("own", one))
            counts = [streams.count("own"), streams.count("other")]
            found = await _ended(*made)
        return found, [*counts, streams.count("own"), streams.count("other")]

    assert asyncio.run(opened()) == ([False, True, False, False], [2, 1, 0, 0])


def test_one_that_has_gone_makes_room() -> None:
    async def opened() -> list[bool]:
        streams, first, second = Streams(1), _exchange(), _exchange()
        with streams.open("own", first):
            pass
        with streams.open("own", second):
            return await _ended(first, second)

    assert asyncio.run(opened()) == [False, False]


@pytest.fixture(scope="module")
def origin() -> Generator[str]:
    """The origin of a server with a small share."""
    limits = Limits(address_requests=10_000, tenant_requests=10_000, streams=SHARE)
    with serving(World(limits=limits)) as served:
        yield served


def _get(client: httpx.Client, origin: str, key: str, session: str) -> httpx.Response:
    headers = {"X-Api-Key": key, "Accept": "text/event-stream", "Mcp-Session-Id": session}
    headers["MCP-Protocol-Version"] = SESSIONS
    return client.send(client.build_request("GET", f"{origin}/mcp", headers=headers), stream=True)


def _has_ended(answer: httpx.Response, seconds: float = 0.3) -> bool:
    """Tell whether the stream comes to an end; one that stays says nothing in that time."""
    answer.extensions["network_stream"].get_extra_info("socket").settimeout(seconds)
    try:
        for _ in answer.iter_raw():
            pass
    except httpx.ReadTimeout:
        return False
    return True


def test_streams_of_both_kinds_share_and_the_oldest_ends_for_the_newest(origin: str) -> None:
    with httpx.Client(timeout=httpx.Timeout(10, read=1.0)) as client, ExitStack() as stack:
        others = _get(client, origin, KEY_B, open_session(origin, KEY_B))
        own = [_get(client, origin, KEY_A, open_session(origin, KEY_A)) for _ in range(SHARE)]
        # What is refused opens nothing, and so ends nothing.
        assert _get(client, origin, KEY_A, "nobody's").status_code == HTTPStatus.NOT_FOUND
        asked = stateless("subscriptions/listen", KEY_A, LISTEN)
        request = client.build_request("POST", f"{origin}/mcp", **asked)
        own.append(client.send(request, stream=True))
        for one in (others, *own):
            stack.callback(one.close)
            assert one.status_code == HTTPStatus.OK
        assert [_has_ended(one) for one in own] == [True, False, False, False]
        assert not _has_ended(others)
