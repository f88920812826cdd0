"""HTTP clients are lent to one exchange at a time, and used again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from conformance.channels.http.transport import Clients, exchanged
from conformance.selftest.hostile.line import playing

if TYPE_CHECKING:
    from collections.abc import Generator

    from conformance.selftest.hostile.line import Line


@pytest.fixture
def clients() -> Generator[Clients]:
    found = Clients()
    yield found
    found.close()


def test_no_two_exchanges_share_a_client(clients: Clients) -> None:
    """One would close the other's connection now and then, and its answer be lost."""
    with clients.lent(None) as one, clients.lent(None) as another:
        assert one is not another


def test_a_client_is_used_again_by_its_address_alone(clients: Clients) -> None:
    with clients.lent(None) as first:
        pass
    with clients.lent("127.0.0.2") as other, clients.lent(None) as again:
        assert again is first
        assert other is not first


def test_all_that_were_ever_lent_are_closed(clients: Clients) -> None:
    with clients.lent(None) as one, clients.lent(None) as another:
        pass
    clients.close()
    assert one.is_closed
    assert another.is_closed


def test_nothing_is_asked_on_a_connection_that_may_be_broken_off(clients: Clients) -> None:
    """Servers that give a body to an answer that has none do that a moment after it."""

    def play(line: Line) -> None:
        line.request()
        line.send(b"HTTP/1.1 204 No Content\r\n\r\n")
        line.head()
        line.reset()

    with playing(play) as url, clients.lent(None) as client:
        answers = [exchanged(client, httpx.Request("GET", url), 5.0) for _ in range(2)]
    assert [answer.status for answer in answers] == [204, 204]
