"""The security chain through Flask, without a socket: who is refused, how, and what is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from reference_server.audit.repeats import Repeats
from reference_server.core.errors import StorageUnavailableError
from reference_server.core.settings import Limits
from reference_server.keys.lookup import ABSENT
from reference_server.limits.contracts import Admission, Budget
from reference_server.parts import with_parts
from reference_server.tests.fakes import (
    ADMIN_TOKEN,
    KEY_A,
    NEW_KEY,
    TENANT_A,
    FakeClock,
    FakeHasher,
    FakeRotation,
    World,
)
from reference_server.web.app import SECURITY_HEADERS, create_app
from reference_server.web.pipeline import PIPELINE
from reference_server.web.stages.authenticate import authenticate

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

KEY = {"X-Api-Key": KEY_A}
ADMIN = {"X-Admin-Token": ADMIN_TOKEN}
ROTATE = "/admin/api-keys/rotate"
ROTATION = {"tenantId": str(TENANT_A), "description": "new"}


def client_of(world: World) -> FlaskClient:
    return create_app(world.settings, world.parts()).test_client()


def visible(response: TestResponse) -> tuple[int, bytes, dict[str, str]]:
    headers = dict(response.headers)
    del headers["X-Request-Id"]
    return response.status_code, response.data, headers


def test_health_is_open_and_says_nothing_more_than_alive() -> None:
    response = client_of(World()).get("/health")
    assert response.status_code == 200
    assert set(response.json or {}) == {"ok", "version", "uptimeSec"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/health"),
        ("OPTIONS", "/health"),
        ("GET", "/health/"),
        ("GET", "//health"),
        ("GET", "/HEALTH"),
        ("GET", "/nowhere"),
        ("POST", "/mcp"),
        ("POST", "/%6dcp"),
        ("POST", "//mcp"),
        ("POST", ROTATE),
    ],
)
def test_every_other_url_is_refused_without_a_key(method: str, path: str) -> None:
    world = World()
    response = client_of(world).open(path, method=method)
    assert response.status_code == 401
    if path.startswith("/admin"):
        assert response.json == {"error": "unauthorized"}
        assert response.headers["WWW-Authenticate"] == 'ApiKey realm="mcp"'
    else:
        assert (response.json or {})["error"] == "unauthorized"
        assert response.headers["WWW-Authenticate"] == 'ApiKey realm="mcp", Bearer realm="mcp"'
    assert [row.metadata for row in world.trail.rows] == [
        {"reason": "missing", "stage": "authenticate"}
    ]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("POST", "/health", 405), ("GET", "/health/", 404)],
)
def test_an_error_has_a_fixed_body_and_every_header(method: str, path: str, status: int) -> None:
    response = client_of(World()).open(path, method=method, headers=KEY)
    assert response.status_code == status
    assert set(response.json or {}) == {"error"}
    assert (
        str(UUID(response.headers["X-Request-Id"], version=4)) == response.headers["X-Request-Id"]
    )
    assert SECURITY_HEADERS.items() <= dict(response.headers).items()


def test_the_request_id_is_never_the_callers() -> None:
    response = client_of(World()).get("/health", headers={"X-Request-Id": "mine"})
    assert response.headers["X-Request-Id"] != "mine"


def test_missing_and_wrong_keys_take_one_path_and_get_one_answer() -> None:
    world = World()
    client = client_of(world)
    missing = client.post("/mcp")
    wrong = client.post("/mcp", headers={"X-Api-Key": "wrong"})
    assert visible(missing) == visible(wrong)
    assert world.directory.asked == [FakeHasher().digest(ABSENT), FakeHasher().digest("wrong")]
    assert [row.metadata and row.metadata["reason"] for row in world.trail.rows] == [
        "missing",
        "invalid",
    ]


def test_the_digest_of_a_missing_key_admits_nobody_even_if_it_is_known() -> None:
    world = World()
    world.directory = type(world.directory)({ABSENT: TENANT_A})
    assert client_of(world).get("/nowhere").status_code == 401


def test_a_right_key_is_recorded_once_with_tenant_address_and_request_id() -> None:
    world = World()
    response = client_of(world).get("/nowhere", headers=KEY)
    (row,) = world.trail.rows
    assert (row.event_type.value, row.tenant_id) == ("api_key.auth_success", TENANT_A)
    assert row.request_id == response.headers["X-Request-Id"]
    assert row.address == "127.0.0.1"
    assert len(world.key_use.uses) == 1


def test_the_address_limit_answers_429_and_is_no_failed_authentication() -> None:
    world = World(limits=Limits(address_requests=2, failures=3))
    client = client_of(world)
    for _ in range(2):
        assert client.get("/x", headers=KEY).status_code == 404
    refused = [client.get("/x") for _ in range(5)]
    assert {response.status_code for response in refused} == {429}
    assert refused[0].data == b'{"error":"rate_limit_exceeded"}'
    assert refused[0].headers["Retry-After"] == "60"
    assert world.types()[2:] == ["rate_limit.exceeded"] * 5
    assert world.trail.rows[2].metadata == {"scope": "global", "stage": "limit_address"}
    world.clock.advance(60)
    assert client.get("/x", headers=KEY).status_code == 404


class _Looking:
    """A limiter that admits all and counts, or fails, when it is asked what is left."""

    def __init__(self, *, fails: bool = False) -> None:
        self.looks, self._fails = 0, fails

    def admit(self, subject: str) -> Admission:
        del subject
        return Admission(admitted=True, limit=100, window=60, retry_after=0, budget=self._look)

    def _look(self) -> Budget:
        self.looks += 1
        if self._fails:
            raise StorageUnavailableError("down")
        return Budget(99, 60)


def test_what_is_left_is_asked_for_those_alone_who_are_told() -> None:
    limiter = _Looking()
    client = client_of(World(replaced={"limits.address": limiter}))
    assert "RateLimit" not in client.get("/health", headers=KEY).headers
    assert "RateLimit" not in client.post("/nowhere", headers={"X-Api-Key": "wrong"}).headers
    assert limiter.looks == 0
    rotated = client.post(ROTATE, headers=ADMIN, json=ROTATION)
    assert rotated.headers["RateLimit"] == '"global";r=99;t=60'
    assert limiter.looks == 1


def test_an_admitted_request_is_answered_though_nobody_can_say_what_is_left() -> None:
    world = World(replaced={"limits.address": _Looking(fails=True)})
    answer = client_of(world).post(ROTATE, headers=ADMIN, json=ROTATION)
    assert answer.status_code == 200
    assert "RateLimit" not in answer.headers


def test_the_tenant_limit_holds_over_addresses() -> None:
    world = World(limits=Limits(tenant_requests=2))
    client = client_of(world)
    statuses = [
        client.get("/x", headers=KEY, environ_base={"REMOTE_ADDR": f"127.0.0.{n}"}).status_code
        for n in range(1, 4)
    ]
    assert statuses == [404, 404, 429]
    assert world.types() == [*["api_key.auth_success"] * 3, "rate_limit.exceeded"]
    last = world.trail.rows[-1]
    assert last.metadata == {
        "scheme": "api_key",
        "tier": "user",
        "scope": "tenant",
        "stage": "limit_tenant",
    }
    assert last.tenant_id == TENANT_A


def test_failures_engage_the_block_and_a_blocked_address_looks_like_a_wrong_key() -> None:
    world = World()
    client = client_of(world)
    answers = [client.post("/mcp", headers={"X-Api-Key": "wrong"}) for _ in range(10)]
    blocked = client.post("/mcp", headers=KEY)
    assert visible(blocked) == visible(answers[0])
    reasons = [(row.event_type.value, (row.metadata or {})["reason"]) for row in world.trail.rows]
    assert reasons == [
        *[("api_key.auth_failure", "invalid")] * 10,
        ("auth.blocked_ip", "engaged"),
        ("auth.blocked_ip", "blocked"),
    ]
    world.clock.advance(3600)
    assert client.get("/x", headers=KEY).status_code == 404


def test_a_site_of_ipv6_is_one_caller_to_limits_and_blocks() -> None:
    world = World(limits=Limits(address_requests=3, failures=2))
    client = client_of(world)

    def ask(address: str, key: str = KEY_A) -> int:
        origin = {"REMOTE_ADDR": address}
        return client.get("/x", headers={"X-Api-Key": key}, environ_base=origin).status_code

    assert [ask(f"2001:db8:0:1::{n}") for n in range(1, 5)] == [404, 404, 404, 429]
    assert ask("2001:db8:0:2::1") == 404
    assert [ask(f"2001:db8:0:3::{n}", "wrong") for n in range(1, 3)] == [401, 401]
    assert ask("2001:db8:0:3::3") == 401, "the third address of a site that is blocked"
    assert world.trail.rows[-1].address == "2001:db8:0:3::3", "the trail tells the whole address"
    assert ask("2001:db8:0:4::1") == 404


def test_a_blocked_addresss_key_is_looked_up_like_any_other_until_refusals_are_counted() -> None:
    """Whoever is not told of the block by an answer must not be told by its time either."""
    world = World(limits=Limits(failures=2), replaced={"repeats": Repeats(FakeClock(), own_rows=3)})
    client = client_of(world)
    for _ in range(2):
        client.post("/mcp")
    world.directory.asked.clear()
    for _ in range(3):
        assert client.post("/mcp", headers=KEY).status_code == 401
    assert world.directory.asked == [FakeHasher().digest(KEY_A)] * 3
    for _ in range(5):
        assert client.post("/mcp", headers=KEY).status_code == 401
    assert len(world.directory.asked) == 4


def test_endless_refusals_are_counted_and_the_rows_say_how_many() -> None:
    repeats = Repeats(FakeClock(), own_rows=3)
    world = World(limits=Limits(address_requests=1), replaced={"repeats": repeats})
    client = client_of(world)
    answers = [client.get("/x", headers=KEY) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [404, *[429] * 10]
    assert world.types() == ["api_key.auth_success", *["rate_limit.exceeded"] * 3]
    repeats.tell(world.trail, all_of_it=True)
    assert (world.trail.rows[-1].metadata or {})["count"] == 7


def test_a_tenants_refusals_each_have_a_row() -> None:
    """An address of theirs has passed its own limit, which bounds them."""
    repeats = Repeats(FakeClock(), own_rows=0)
    world = World(limits=Limits(tenant_requests=1), replaced={"repeats": repeats})
    client = client_of(world)
    for _ in range(4):
        client.get("/x", headers=KEY)
    assert world.types().count("rate_limit.exceeded") == 3


def test_a_key_does_not_open_the_admin_door_nor_the_admin_token_the_others() -> None:
    world = World()
    client = client_of(world)
    assert client.post(ROTATE, headers=KEY).status_code == 401
    assert client.post("/mcp", headers=ADMIN).status_code == 401
    assert world.types() == ["admin.auth_failure", "api_key.auth_failure"]


def test_wrong_admin_tokens_count_towards_the_block() -> None:
    world = World(limits=Limits(failures=2))
    client = client_of(world)
    for _ in range(2):
        client.post(ROTATE, headers={"X-Admin-Token": "wrong"})
    assert client.post(ROTATE, headers=ADMIN).status_code == 401
    assert world.types()[-1] == "auth.blocked_ip"


def test_a_rotation_answers_with_the_key_and_is_audited() -> None:
    world = World()
    response = client_of(world).post(ROTATE, headers=ADMIN, json=ROTATION)
    assert response.json == {
        "keyId": str(NEW_KEY),
        "apiKey": "a-new-key",
        "graceUntil": "2026-01-01T00:00:00+00:00",
    }
    (row,) = world.trail.rows
    assert (row.event_type.value, row.tenant_id) == ("api_key.rotated", TENANT_A)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"tenantId": "no uuid", "description": "x"}, 400, "tenantId"),
        ({"tenantId": 7, "description": "x"}, 400, "tenantId"),
        ({"tenantId": f"{{{TENANT_A}}}", "description": "x"}, 400, "tenantId"),
        ({"tenantId": str(TENANT_A), "description": ""}, 400, "description"),
        ({"tenantId": str(TENANT_A), "description": "x" * 121}, 400, "description"),
        ({"tenantId": str(TENANT_A), "description": "\0"}, 400, "description"),
        ({"tenantId": str(TENANT_A)}, 400, "description"),
        (["tenantId"], 400, "body"),
        ({"tenantId": str(UUID(int=1)), "description": "x"}, 404, "tenantId"),
    ],
)
def test_a_bad_rotation_names_its_field(body: object, status: int, field: str) -> None:
    world = World()
    response = client_of(world).post(ROTATE, headers=ADMIN, json=body)
    assert response.status_code == status
    assert (response.json or {})["field"] == field
    assert world.trail.rows == []


def test_a_body_above_the_bound_or_without_json_is_refused() -> None:
    client = client_of(World())
    assert client.post(ROTATE, headers=ADMIN, data=b"x").status_code == 400
    large = client.post(ROTATE, headers=ADMIN, data=b"x" * 70_000, content_type="application/json")
    assert large.status_code in {400, 413}


def test_without_the_trail_nothing_is_served_and_nothing_is_refused_silently() -> None:
    world = World()
    world.trail.rows_left = 0
    client = client_of(world)
    for headers in (KEY, {}):
        response = client.get("/x", headers=headers)
        assert response.status_code == 503
        assert response.data == b'{"error":"unavailable"}'


def test_a_rotation_that_cannot_be_audited_shows_no_key() -> None:
    world = World()
    world.trail.rows_left = 0
    response = client_of(world).post(ROTATE, headers=ADMIN, json=ROTATION)
    assert response.status_code == 503
    assert b"a-new-key" not in response.data


def test_a_guard_whose_storage_is_down_refuses_and_says_so_in_the_trail() -> None:
    world = World()
    world.directory.is_down = True
    assert client_of(world).get("/x", headers=KEY).status_code == 503
    (row,) = world.trail.rows
    assert row.event_type.value == "request.refused"
    assert row.metadata == {"stage": "authenticate"}


def test_nobody_is_let_in_when_a_stage_is_left_out() -> None:
    world = World()
    world.replaced["web.pipeline"] = [stage for stage in PIPELINE if stage is not authenticate]
    assert client_of(world).get("/x", headers=KEY).status_code == 403


def test_an_error_in_a_view_is_a_500_that_gives_nothing_away() -> None:
    class Broken(FakeRotation):
        def rotate(self, tenant_id: UUID, description: str) -> None:  # type: ignore[override]
            raise RuntimeError(f"secret {tenant_id} {description}")

    world = World(replaced={"keys.rotation": Broken()})
    body = {"tenantId": str(TENANT_A), "description": "x"}
    response = client_of(world).post(ROTATE, headers=ADMIN, json=body)
    assert response.status_code == 500
    assert response.data == b'{"error":"internal_server_error"}'


def test_replaced_parts_are_the_ones_in_use() -> None:
    world = World()
    parts = with_parts(world.parts(), {"web.security_headers": {}})
    response = create_app(world.settings, parts).test_client().get("/health")
    assert "X-Frame-Options" not in response.headers


def test_no_route_of_its_own_is_a_probe_to_the_server() -> None:
    parts = World().parts()
    rules = [str(rule) for rule in create_app(World().settings, parts).url_map.iter_rules()]
    assert "/admin/sessions/revoke" in rules
    assert [rule for rule in rules if parts.scanner.paths.refuses(rule)] == []
