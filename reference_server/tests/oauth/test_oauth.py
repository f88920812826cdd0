"""OAuth states: secret, short-lived, used once, bound to tenant and platform, and cleaned up."""

from __future__ import annotations

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from reference_server.oauth.states import OAuthCleanup, SqlOAuthStates
from reference_server.tests.fakes import KEY_B, FakeClock, World
from reference_server.tests.rows import NOW as KEY_EXPIRES
from reference_server.tests.rows import add_key, add_tenant
from reference_server.tests.waiting import becomes_true
from reference_server.tests.web.test_chain import KEY, client_of

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy import Engine

    from reference_server.demo.database import DemoDatabase

START, CALLBACK = "/oauth/google/start", "/oauth/google/callback"


def test_a_state_is_secret_and_its_challenge_is_of_the_stored_verifier(
    owner_engine: Engine, app_engine: Engine, auditor: psycopg.Connection
) -> None:
    tenant = add_tenant(owner_engine)
    states = SqlOAuthStates(app_engine, FakeClock(), 600)
    flow = states.start(tenant, "google")
    row = auditor.execute("SELECT state, code_verifier FROM oauth_states").fetchone()
    assert row is not None
    stored, verifier = row
    assert len(base64.urlsafe_b64decode(flow.state + "=")) == 32
    assert stored == hashlib.sha256(flow.state.encode()).hexdigest(), "a dump holds no state"
    digest = hashlib.sha256(verifier.encode()).digest()
    assert flow.code_challenge == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert states.finish(tenant, "google", flow.state) == verifier


def test_a_state_is_good_once_however_many_ask(owner_engine: Engine, app_engine: Engine) -> None:
    tenant = add_tenant(owner_engine)
    states = SqlOAuthStates(app_engine, FakeClock(), 600)
    flow = states.start(tenant, "google")
    with ThreadPoolExecutor(6) as executor:
        asked = [executor.submit(states.finish, tenant, "google", flow.state) for _ in range(12)]
    assert len([one for one in asked if one.result() is not None]) == 1


def test_a_state_is_bound_to_its_tenant_and_platform(
    owner_engine: Engine, app_engine: Engine
) -> None:
    ours, theirs = add_tenant(owner_engine), add_tenant(owner_engine)
    states = SqlOAuthStates(app_engine, FakeClock(), 600)
    flow = states.start(ours, "google")
    assert states.finish(theirs, "google", flow.state) is None
    assert states.finish(ours, "meta", flow.state) is None
    assert states.finish(ours, "google", flow.state) is not None, "the attempts did not burn it"


def test_a_state_ends_with_its_ten_minutes(owner_engine: Engine, app_engine: Engine) -> None:
    tenant, clock = add_tenant(owner_engine), FakeClock()
    states = SqlOAuthStates(app_engine, clock, 600)
    early, late = states.start(tenant, "google"), states.start(tenant, "google")
    clock.advance(599)
    assert states.finish(tenant, "google", early.state) is not None
    clock.advance(1)
    assert states.finish(tenant, "google", late.state) is None


def test_expired_states_of_every_tenant_go_by_themselves(
    owner_engine: Engine,
    app_engine: Engine,
    auditor: psycopg.Connection,
    database: DemoDatabase,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def left() -> int:
        row = auditor.execute("SELECT count(*) FROM oauth_states").fetchone()
        return 0 if row is None else row[0]

    clock = FakeClock()
    states = SqlOAuthStates(app_engine, clock, 600)
    for number in range(2):
        tenant = add_tenant(owner_engine)
        add_key(owner_engine, tenant, f"key {number}", KEY_EXPIRES)
        states.start(tenant, "google")
    with closing(OAuthCleanup([states], clock, 300, look_every=0.01)):
        database.run_as_superuser(["REVOKE EXECUTE ON FUNCTION forget_oauth_states FROM mcp_app"])
        clock.advance(599)
        assert becomes_true(lambda: "waits for the next round" in caplog.text)
        assert left() == 2
        database.run_as_superuser(["GRANT EXECUTE ON FUNCTION forget_oauth_states TO mcp_app"])
        clock.advance(300)
        assert becomes_true(lambda: left() == 0)


def test_a_flow_over_http_completes_once_and_is_audited() -> None:
    world = World()
    client = client_of(world)
    started = client.post(START, headers=KEY)
    assert started.json == {
        "state": "state-0",
        "codeChallenge": "challenge",
        "codeChallengeMethod": "S256",
        "expiresIn": 600,
    }
    body = {"state": "state-0"}
    foreign = client.post(CALLBACK, headers={"X-Api-Key": KEY_B}, json=body)
    completed = client.post(CALLBACK, headers=KEY, json=body)
    again = client.post(CALLBACK, headers=KEY, json=body)
    assert (completed.status_code, completed.json) == (200, {"ok": True, "platform": "google"})
    assert (again.status_code, again.data) == (400, b'{"error":"invalid_state","field":"state"}')
    assert (foreign.status_code, foreign.data) == (again.status_code, again.data)
    flows = [name for name in world.types() if name.startswith("oauth.")]
    outcomes = ["started", "failed", "completed", "failed"]
    assert flows == [f"oauth.flow_{outcome}" for outcome in outcomes]


@pytest.mark.parametrize("body", [None, [], {}, {"state": 7}, {"state": ""}, {"state": "x" * 257}])
def test_a_callback_without_a_state_is_refused(body: object) -> None:
    assert client_of(World()).post(CALLBACK, headers=KEY, json=body).status_code == 400


def test_only_a_tenant_connects_and_only_platforms_that_exist() -> None:
    client = client_of(World())
    assert client.post(START).status_code == 401
    assert client.post("/oauth/myspace/start", headers=KEY).status_code == 404
    assert client.get(START, headers=KEY).status_code == 405
