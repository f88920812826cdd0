"""Revocation over HTTP, the strict limit of ``/auth/*``, and what limits tell of themselves."""

from __future__ import annotations

from uuid import UUID

import pytest

from reference_server.core.settings import Limits
from reference_server.tests.fakes import KEY_A, NEW_KEY, TENANT_A, TENANT_B, World
from reference_server.tests.web.test_chain import ADMIN, KEY, ROTATE, client_of, visible

REVOKE = "/admin/api-keys/revoke"
PLACEHOLDER = "/auth/_placeholder"


def test_a_revocation_answers_with_its_moment_and_is_audited() -> None:
    world = World()
    body = {"tenantId": str(TENANT_A), "keyId": str(NEW_KEY)}
    response = client_of(world).post(REVOKE, headers=ADMIN, json=body)
    assert response.json == {"keyId": str(NEW_KEY), "revokedAt": "2026-01-01T00:00:00+00:00"}
    (row,) = world.trail.rows
    assert (row.event_type.value, row.tenant_id) == ("api_key.revoked", TENANT_A)
    assert row.metadata == {"keyId": str(NEW_KEY)}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"tenantId": "x", "keyId": str(NEW_KEY)}, 400, "tenantId"),
        ({"tenantId": str(TENANT_A)}, 400, "keyId"),
        ({"tenantId": str(TENANT_A), "keyId": ["x"]}, 400, "keyId"),
        ([], 400, "body"),
        ({"tenantId": str(TENANT_A), "keyId": str(UUID(int=1))}, 404, "keyId"),
        ({"tenantId": str(TENANT_B), "keyId": str(NEW_KEY)}, 404, "keyId"),
    ],
)
def test_a_bad_revocation_names_its_field(body: object, status: int, field: str) -> None:
    world = World()
    response = client_of(world).post(REVOKE, headers=ADMIN, json=body)
    assert (response.status_code, (response.json or {})["field"]) == (status, field)
    assert world.trail.rows == []


def test_only_the_administrator_revokes() -> None:
    body = {"tenantId": str(TENANT_A), "keyId": str(NEW_KEY)}
    for headers in ({}, KEY, {"X-Admin-Token": "wrong"}):
        assert client_of(World()).post(REVOKE, headers=headers, json=body).status_code == 401


def test_auth_admits_five_in_fifteen_minutes() -> None:
    world = World()
    client = client_of(world)
    for _ in range(5):
        assert client.get(PLACEHOLDER).json == {"ok": True}
        world.clock.advance(60)
    refused = client.get(PLACEHOLDER)
    assert refused.status_code == 429
    assert refused.data == b'{"error":"rate_limit_exceeded"}'
    assert refused.headers["Retry-After"] == "600"
    assert [row.metadata for row in world.trail.rows] == [{"scope": "auth", "stage": "limit_auth"}]
    assert client.get("/health").status_code == 200
    world.clock.advance(599)
    assert client.get(PLACEHOLDER).status_code == 429
    world.clock.advance(1)
    assert client.get(PLACEHOLDER).status_code == 200


@pytest.mark.parametrize("path", ["/auth/x", "/auth", "/auth/%5fplaceholder", "/auth/../health"])
def test_every_url_below_auth_spends_of_one_budget(path: str) -> None:
    world = World(limits=Limits(auth_requests=1, failures=99))
    client = client_of(world)
    assert client.post(path, headers=KEY).status_code != 429
    assert client.get(PLACEHOLDER).status_code == 429
    assert client.get(PLACEHOLDER, headers=KEY).status_code == 429, "a key opens no second budget"


@pytest.mark.parametrize("path", ["/AUTH/_placeholder", "//auth/_placeholder", PLACEHOLDER + "/"])
def test_no_other_spelling_reaches_the_placeholder(path: str) -> None:
    assert client_of(World()).get(path).status_code == 401


def test_an_answer_to_who_has_proved_who_he_is_tells_the_limits() -> None:
    world = World()
    client = client_of(world)
    body = {"tenantId": str(TENANT_A), "description": "new"}
    first = client.post(ROTATE, headers=ADMIN, json=body)
    assert first.headers["RateLimit-Policy"] == '"global";q=100;w=60'
    assert first.headers["RateLimit"] == '"global";r=99;t=60'
    world.clock.advance(10)
    second = client.post(ROTATE, headers=ADMIN, json=body)
    assert second.headers["RateLimit"] == '"global";r=98;t=50'


def test_a_tenants_429_tells_both_limits_and_the_same_wait() -> None:
    world = World(limits=Limits(tenant_requests=1))
    client = client_of(world)
    client.get("/nowhere", headers=KEY)
    world.clock.advance(20)
    refused = client.get("/nowhere", headers=KEY)
    assert refused.status_code == 429
    assert refused.headers["RateLimit-Policy"] == '"global";q=100;w=60, "tenant";q=1;w=60'
    assert refused.headers["RateLimit"] == '"global";r=98;t=40, "tenant";r=0;t=40'
    assert refused.headers["Retry-After"] == "40"


def test_liveness_passes_neither_a_limit_nor_a_block() -> None:
    world = World(limits=Limits(address_requests=3, failures=1))
    client = client_of(world)
    client.get("/nowhere", headers={"X-Api-Key": "wrong"})
    statuses = [client.get("/health").status_code for _ in range(9)]
    assert statuses == [200] * 9
    assert client.get("/nowhere", headers=KEY).status_code == 401
    others = [client.get(path).status_code for path in ("/health/", "/Health", "/health?x")]
    assert others == [401, 401, 200]  # only the path itself, however it is asked


def test_a_refusal_tells_nothing_of_limits() -> None:
    """What is left of a budget would tell a wrong key from a right one, or from none."""
    world = World(limits=Limits(address_requests=3))
    client = client_of(world)
    refusals = [client.get("/nowhere", headers=h) for h in ({}, {"X-Api-Key": "wrong"})]
    refusals.append(client.get("/health"))
    refusals.append(client.get("/nowhere", headers=KEY))  # 404
    limited = [client.get("/nowhere", headers=h) for h in ({"X-Api-Key": KEY_A}, {})]
    assert visible(limited[0]) == visible(limited[1])
    for response in (*refusals, *limited):
        assert not [name for name, _ in response.headers if name.lower().startswith("ratelimit")]
