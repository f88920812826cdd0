"""Behind a proxy that is named each client is its own address; else all of them are one."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from ipaddress import ip_network
from typing import TYPE_CHECKING

import httpx
import pytest

from reference_server.core.settings import Limits
from reference_server.tests.asking import stateless
from reference_server.tests.fakes import KEY_A, World
from reference_server.tests.live import serving
from reference_server.tests.serving.proxies import ADDRESS, in_front, installed

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

FAILURES, REQUESTS = 10, 15
LIMITS = Limits(failures=FAILURES, address_requests=REQUESTS)
BAD, OTHER = "127.9.0.1", "127.9.0.2"
WRONG = "k" * 43
TRUST = ssl.create_default_context()
"""Made once: it takes longer than all that is asked."""
CLAIMS = (
    {"X-Forwarded-For": OTHER},
    {"X-Forwarded-For": f"{OTHER}, 203.0.113.9"},
    {"Forwarded": f"for={OTHER}"},
    {"X-Real-IP": OTHER},
    {"True-Client-IP": OTHER, "CF-Connecting-IP": OTHER},
)
"""What a client says of itself: that it is the other one."""


@pytest.fixture(params=installed())
def proxy(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str]:
    """The origin of each proxy that there is, which the server behind it trusts."""
    with behind(request.param, tmp_path, is_trusted=True) as origin:
        yield origin


@contextmanager
def behind(kind: str, folder: Path, *, is_trusted: bool) -> Generator[str]:
    """Serve behind a proxy; yield the proxy's origin."""
    trusted = (ip_network(ADDRESS),) if is_trusted else ()
    world = World(limits=LIMITS, trusted_proxies=trusted)
    with serving(world) as server, in_front(kind, server, folder) as origin:
        yield origin


def ask(origin: str, client: str, key: str, claim: dict[str, str] | None = None) -> int:
    """Return the status of a call from an address."""
    asked = stateless("server/discover", key, {})
    transport = httpx.HTTPTransport(verify=TRUST, local_address=client)
    with httpx.Client(transport=transport, trust_env=False) as line:
        headers = asked["headers"] | (claim or {})
        return line.post(f"{origin}/mcp", headers=headers, json=asked["json"]).status_code


def test_ten_wrong_keys_of_one_client_block_that_one_alone(proxy: str) -> None:
    assert [ask(proxy, BAD, KEY_A), ask(proxy, OTHER, KEY_A)] == [200, 200]
    assert [ask(proxy, BAD, WRONG) for _ in range(FAILURES)] == [401] * FAILURES
    assert [ask(proxy, BAD, KEY_A), ask(proxy, OTHER, KEY_A)] == [401, 200]


@pytest.mark.parametrize("claim", CLAIMS)
def test_what_a_client_claims_neither_evades_a_block_nor_frames_another(
    proxy: str, claim: dict[str, str]
) -> None:
    for _ in range(FAILURES):
        assert ask(proxy, BAD, WRONG, claim) == 401
    assert ask(proxy, BAD, KEY_A) == 401
    assert ask(proxy, BAD, KEY_A, claim) == 401
    assert ask(proxy, OTHER, KEY_A) == 200


@pytest.mark.parametrize("claim", CLAIMS)
def test_what_a_client_claims_neither_evades_a_limit_nor_spends_anothers(
    proxy: str, claim: dict[str, str]
) -> None:
    assert [ask(proxy, BAD, KEY_A, claim) for _ in range(REQUESTS)] == [200] * REQUESTS
    assert ask(proxy, BAD, KEY_A, claim) == 429
    assert ask(proxy, BAD, KEY_A, {"X-Forwarded-For": "203.0.113.77"}) == 429
    assert [ask(proxy, OTHER, KEY_A) for _ in range(REQUESTS)] == [200] * REQUESTS


@pytest.mark.parametrize("kind", installed())
def test_behind_a_proxy_that_nobody_named_all_are_one(kind: str, tmp_path: Path) -> None:
    """The control: without the setting, what is tested above does not hold."""
    with behind(kind, tmp_path, is_trusted=False) as proxy:
        for _ in range(FAILURES):
            assert ask(proxy, BAD, WRONG) == 401
        assert ask(proxy, OTHER, KEY_A) == 401
