"""How many sessions a principal may have, and what it costs others."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from reference_server.core.settings import Limits
from reference_server.protocol import events
from reference_server.protocol.gate import LONGEST_MESSAGE
from reference_server.tests.fakes import KEY_A, KEY_B, World
from reference_server.tests.live import serving
from reference_server.tests.protocol.test_wire import call, post

if TYPE_CHECKING:
    from collections.abc import Generator


@pytest.fixture(scope="module")
def origin() -> Generator[str]:
    """The origin of this module's one server."""
    limits = Limits(address_requests=10_000, tenant_requests=10_000, failures=10_000)
    with serving(World(limits=limits)) as served:
        yield served


def opened(origin: str, key: str) -> str:
    return post(origin, "initialize", key).headers["Mcp-Session-Id"]


def status(origin: str, key: str, session: str) -> int:
    return post(origin, "ping", key, session).status_code


def test_one_session_too_many_ends_its_principals_oldest(
    origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST_OWN", 3)
    others = opened(origin, KEY_B)
    own = [opened(origin, KEY_A) for _ in range(5)]
    found = [status(origin, KEY_A, session) for session in own]
    assert found == [HTTPStatus.NOT_FOUND] * 2 + [HTTPStatus.OK] * 3
    assert status(origin, KEY_B, others) == HTTPStatus.OK


def test_what_opens_no_session_ends_none(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_OWN", 1)
    own = opened(origin, KEY_A)
    assert post(origin, "tools/list", KEY_A).status_code == HTTPStatus.BAD_REQUEST
    assert status(origin, KEY_A, own) == HTTPStatus.OK


def test_a_longer_message_is_refused_before_it_is_read(origin: str) -> None:
    longest = call(origin, "ping", {"x": "y" * (LONGEST_MESSAGE - 1000)})
    longer = call(origin, "ping", {"x": "y" * LONGEST_MESSAGE})
    assert longest.status_code == HTTPStatus.OK
    assert longer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
