"""HTTP clients are lent to one exchange at a time, and used again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.channels.http.transport import Clients

if TYPE_CHECKING:
    from collections.abc import Generator


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
