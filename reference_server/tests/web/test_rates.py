"""How many requests a tenant has for callers of each rate tier: counted apart, told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reference_server.core.settings import Limits
from reference_server.core.vocabulary import SessionMode, Tier
from reference_server.tests.fakes import KEY_A, TENANT_B, World
from reference_server.tests.web.test_sessions import NOWHERE, bare, bearer

if TYPE_CHECKING:
    from flask.testing import FlaskClient

LIMITS = Limits(
    tenant_requests=4, admin_multiplier=1.5, anonymous_multiplier=0.5, address_requests=10_000
)
MOST = 8


def admitted(line: FlaskClient, headers: dict[str, str]) -> int:
    """Return how many requests are let through, of more than any limit."""
    answers = [line.get(NOWHERE, headers=headers) for _ in range(MOST)]
    return sum(answer.status_code == 404 for answer in answers)


@pytest.mark.parametrize(
    ("tier", "count"),
    [
        (Tier.ADMIN, 6),
        (Tier.USER, 4),
        (Tier.ANONYMOUS, 2),
        (Tier.A2A, 4),
        (Tier.MCP, 4),
        (Tier.SERVICE, 4),
    ],
)
def test_a_rate_tier_has_its_part_of_the_base(tier: Tier, count: int) -> None:
    world = World(limits=LIMITS)
    assert LIMITS.tenant_requests_of(tier) == count
    assert admitted(bare(world), bearer(world.token(tier))) == count
    assert (world.trail.rows[-1].metadata or {})["scope"] == "tenant"


def test_a_rate_tier_uses_up_what_is_its_own() -> None:
    world = World(limits=LIMITS)
    line = bare(world)
    for tier in Tier:
        admitted(line, bearer(world.token(tier)))
    assert admitted(line, {"X-Api-Key": KEY_A}) == 0  # of the rate tier user, as its session
    assert admitted(line, bearer(world.token(Tier.ADMIN, TENANT_B))) == 6


def test_a_limit_is_told_as_the_callers_own() -> None:
    world = World(limits=LIMITS)
    line, headers = bare(world), bearer(world.token(Tier.ANONYMOUS))
    admitted(line, headers)
    refused = line.get(NOWHERE, headers=headers)
    assert '"tenant";q=2;w=60' in refused.headers["RateLimit-Policy"]
    assert '"tenant";r=0;' in refused.headers["RateLimit"]


def test_no_multiplier_leaves_a_tier_without_any() -> None:
    assert (
        Limits(tenant_requests=1, anonymous_multiplier=0.01).tenant_requests_of(Tier.ANONYMOUS) == 1
    )


def test_who_has_no_tenant_is_counted_by_address() -> None:
    world = World(limits=LIMITS, changed={"session_mode": SessionMode.OPTIONAL})
    line = bare(world)
    found = [
        [line.post("/mcp", environ_base={"REMOTE_ADDR": address}).status_code for _ in range(3)]
        for address in ("127.0.0.1", "127.0.0.2")
    ]
    assert found == [[404, 404, 429]] * 2
