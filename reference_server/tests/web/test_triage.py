"""Scanner triage in the chain: before routing, told once, and no hindrance to anybody else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reference_server.core.settings import Limits
from reference_server.observability.logs import LOGGER
from reference_server.tests.fakes import ADMIN_TOKEN, KEY_A, World
from reference_server.web.app import create_app

if TYPE_CHECKING:
    from flask.testing import FlaskClient

AGENT = "acme-client/1.0"
KEY = {"X-Api-Key": KEY_A, "User-Agent": AGENT}
TOKEN = "ya29.a0AfH6SMBx7Kq2-secret-of-somebody"


def triaging(**more: Any) -> World:
    return World(changed={"scanner_triage": True}, **more)


def client_of(world: World) -> FlaskClient:
    client = create_app(world.settings, world.parts()).test_client()
    client.environ_base["HTTP_USER_AGENT"] = AGENT
    return client


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "DELETE"])
@pytest.mark.parametrize("headers", [{}, KEY, {"X-Admin-Token": ADMIN_TOKEN}])
def test_a_probe_is_refused_whatever_it_shows(method: str, headers: dict[str, str]) -> None:
    world = triaging()
    response = client_of(world).open("/.env", method=method, headers=headers)
    assert response.status_code == 403
    assert method == "HEAD" or response.data == b'{"error":"forbidden"}'
    assert world.types() == ["scanner.denied"]
    assert world.directory.asked == []


def test_a_scanner_is_refused_at_the_endpoint_with_a_right_key() -> None:
    response = client_of(triaging()).post(
        "/mcp", headers={**KEY, "User-Agent": "sqlmap/1.8#stable"}
    )
    assert response.status_code == 403


def test_liveness_is_told_to_whoever_asks() -> None:
    client = client_of(triaging(limits=replace(Limits(), scanner_requests=1)))
    for _ in range(5):
        assert client.get("/health", headers={"User-Agent": "nikto"}).status_code == 200


def test_the_denial_tells_which_check_fired_at_what(caplog: pytest.LogCaptureFixture) -> None:
    world = triaging()
    with caplog.at_level("WARNING", LOGGER):
        client_of(world).get("/wp-admin/x")
        client_of(world).get("/x", headers={"User-Agent": "nikto/2.5.0"})
    told = [
        {"check": "path", "path": "/wp-admin/x", "user_agent": AGENT, "velocity": 1},
        {"check": "agent", "path": "/x", "user_agent": "nikto/2.5.0", "velocity": 1},
    ]
    assert [row.metadata for row in world.trail.rows] == [
        {**one, "stage": "triage_scanner"} for one in told
    ]
    lines = [record for record in caplog.records if record.message == "scanner.denied"]
    assert [
        vars(line)["fields"].items() >= one.items() for line, one in zip(lines, told, strict=True)
    ]


def test_the_denial_is_scrubbed_and_bounded() -> None:
    world = triaging()
    client_of(world).get(
        f"/{'x' * 250}/{TOKEN}.php", headers={"User-Agent": f"nikto {'y' * 240} {TOKEN}"}
    )
    (row,) = world.trail.rows
    told = row.metadata or {}
    assert len(told["path"]) <= 256
    assert len(told["user_agent"]) <= 256
    assert "ya29." not in str(told)


def test_an_address_without_a_credential_is_held_to_its_pace() -> None:
    world = triaging(limits=replace(Limits(), scanner_requests=3))
    client = client_of(world)
    answers = [client.get("/x").status_code for _ in range(4)]
    assert answers == [401, 401, 401, 403]
    last = world.trail.rows[-1].metadata or {}
    assert (last["check"], last["velocity"]) == ("velocity", 4)
    assert client.get("/x", headers=KEY).status_code == 404
    assert client.get("/.well-known/x").status_code == 401
    other = {"REMOTE_ADDR": "192.0.2.9"}
    assert client.get("/x", environ_overrides=other).status_code == 401
    world.clock.advance(61)
    assert client.get("/x").status_code == 401


def test_probes_count_towards_the_pace_and_no_block() -> None:
    world = triaging(limits=replace(Limits(), scanner_requests=20))
    client = client_of(world)
    assert {client.get("/.git/config").status_code for _ in range(20)} == {403}
    assert client.get("/x").status_code == 403
    assert client.get("/x", headers=KEY).status_code == 404


@pytest.mark.parametrize("field", [KEY, {"Authorization": "Bearer x"}, {"X-Admin-Token": "x"}])
def test_who_shows_a_credential_is_not_counted(field: dict[str, str]) -> None:
    world = triaging(limits=replace(Limits(), scanner_requests=1))
    client = client_of(world)
    answers = {client.get("/x", headers=field).status_code for _ in range(5)}
    assert answers <= {401, 404}


def test_triage_that_is_off_refuses_nothing() -> None:
    world = triaging()
    world.replaced["scanner.is_on"] = False
    client = client_of(world)
    assert client.get("/.env", headers={**KEY, "User-Agent": "nikto"}).status_code == 404
