"""Sessions through the chain: begun, carried by each way, ended; and who is refused, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reference_server.core.settings import Limits
from reference_server.core.vocabulary import SessionMode, TokenMethod
from reference_server.sessions.proxy import Bound, Identity, sign
from reference_server.tests.fakes import (
    ADMIN_TOKEN,
    KEY_A,
    PROXY_SECRET,
    TENANT_A,
    TENANT_B,
    World,
)
from reference_server.tests.sessions.test_signing import HEADER, claims, forged
from reference_server.tests.web.test_chain import visible
from reference_server.web.app import create_app

if TYPE_CHECKING:
    from uuid import UUID

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

KEY = {"X-Api-Key": KEY_A}
SESSION = "/auth/session"
NOWHERE = "/nowhere"
ROOMY = Limits(auth_requests=100, failures=100)
TARGET = {"iss": "urn:hallmark", "aud": "urn:hallmark:mcp"}


def begun(client: FlaskClient) -> dict[str, Any]:
    response = client.post(SESSION, headers=KEY)
    assert response.status_code == 201
    return told_in(response)


def told_in(response: TestResponse) -> dict[str, Any]:
    """Return the object that an answer holds."""
    found: dict[str, Any] = response.json or {}
    return found


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def cookie(token: str, name: str = "__Host-hallmark") -> dict[str, str]:
    return {"Cookie": f"{name}={token}"}


def bare(world: World) -> FlaskClient:
    """Return a client that keeps no cookies: each request is what its headers say."""
    return create_app(world.settings, world.parts()).test_client(use_cookies=False)


def test_a_session_is_its_keys_tenants_and_is_on_the_trail() -> None:
    world = World(limits=ROOMY)
    line = bare(world)
    first, second = begun(line), begun(line)
    assert first["expiresIn"] == 3600
    assert first["tokenType"] == "Bearer"
    assert not {first["token"], first["tokenId"], first["sessionId"]} & set(second.values())
    assert line.get(NOWHERE, headers=bearer(first["token"])).status_code == 404
    issued, used = world.trail.rows[1], world.trail.rows[-1]
    assert issued.event_type.value == "session.issued"
    assert issued.metadata is not None
    assert issued.metadata["tokenId"] == first["tokenId"]
    assert (used.event_type.value, used.tenant_id) == ("session.auth_success", TENANT_A)
    assert used.metadata == {
        "scheme": "session",
        "tier": "user",
        "session": first["sessionId"],
        "tokenId": first["tokenId"],
    }
    assert used.actor_key_id == issued.actor_key_id
    assert first["token"] not in str(world.trail.rows)


def test_no_key_is_looked_up_for_a_session() -> None:
    world = World(limits=ROOMY)
    line = bare(world)
    token = begun(line)["token"]
    world.directory.asked.clear()
    world.key_use.uses.clear()
    world.directory.is_down = True
    assert line.get(NOWHERE, headers=bearer(token)).status_code == 404
    assert (world.directory.asked, world.key_use.uses) == ([], [])


def test_a_browser_keeps_the_session_out_of_reach_of_scripts() -> None:
    response = bare(World()).post(SESSION, headers=KEY)
    (told,) = response.headers.getlist("Set-Cookie")
    name, *attributes = told.split("; ")
    assert name == f"__Host-hallmark={told_in(response)['token']}"
    assert set(attributes) >= {"Secure", "HttpOnly", "Path=/", "SameSite=Strict", "Max-Age=3600"}
    assert not any(attribute.startswith("Domain") for attribute in attributes)


def test_where_no_cookie_counts_none_is_set() -> None:
    world = World(changed={"token_chain": (TokenMethod.AUTHORIZATION,)})
    line = bare(world)
    response = line.post(SESSION, headers=KEY)
    assert "Set-Cookie" not in response.headers
    token = told_in(response)["token"]
    assert line.get(NOWHERE, headers=bearer(token)).status_code == 404
    assert line.get(NOWHERE, headers=cookie(token)).status_code == 401


def test_a_session_ends_when_it_is_told_to() -> None:
    world = World(limits=ROOMY)
    line = bare(world)
    one, other = begun(line), begun(line)
    response = line.delete(SESSION, headers=bearer(one["token"]))
    assert response.status_code == 204
    assert "Max-Age=0" in response.headers["Set-Cookie"]
    assert line.get(NOWHERE, headers=bearer(one["token"])).status_code == 401
    assert line.get(NOWHERE, headers=bearer(other["token"])).status_code == 404
    assert "session.revoked" in world.types()


def test_an_administrator_ends_any_session() -> None:
    world = World(limits=ROOMY)
    line = bare(world)
    one = begun(line)
    revoke, admin = "/admin/sessions/revoke", {"X-Admin-Token": ADMIN_TOKEN}
    told = {"tokenId": one["tokenId"]}
    assert line.post(revoke, json=told, headers=bearer(one["token"])).status_code == 401
    assert line.post(revoke, json={}, headers=admin).status_code == 400
    response = line.post(revoke, json=told, headers=admin)
    assert response.json == told | {"revoked": True}
    assert line.get(NOWHERE, headers=bearer(one["token"])).status_code == 401


def test_a_session_begins_no_other() -> None:
    world = World(limits=ROOMY)
    line = bare(world)
    token = begun(line)["token"]
    assert line.post(SESSION, headers=bearer(token)).status_code == 403
    assert line.post(SESSION, headers=cookie(token)).status_code == 403


def test_a_key_is_no_session_to_end() -> None:
    assert bare(World()).delete(SESSION, headers=KEY).status_code == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"role":"admin"}', "role"),
        (b'{"scope":"admin"}', "scope"),
        (b'{"tid":"x"}', "tid"),
        (b"[]", "body"),
        (b"nonsense", "body"),
    ],
)
def test_nobody_asks_for_more_than_his_key_is(body: bytes, field: str) -> None:
    response = bare(World()).post(SESSION, data=body, headers=KEY)
    assert response.status_code == 400
    assert told_in(response)["field"] == field


def test_an_empty_object_asks_for_nothing() -> None:
    assert bare(World()).post(SESSION, json={}, headers=KEY).status_code == 201


def _wrong(world: World) -> dict[str, str]:
    return {
        "a stranger's": forged(HEADER, claims(world, **TARGET), b"x" * 32),
        "unsigned": forged({"alg": "none"}, claims(world, **TARGET)),
        "an unknown key": forged({**HEADER, "kid": "x"}, claims(world, **TARGET), b"x" * 32),
        "expired": forged(HEADER, claims(world, **TARGET, iat=1, exp=2)),
        "another audience": forged(HEADER, claims(world, **TARGET | {"aud": "x"})),
        "no tenant": forged(HEADER, claims(world, **TARGET, tid="x")),
        "malformed": "malformed",
        "an API key": KEY_A,
    }


def test_whatever_is_wrong_with_a_token_it_is_answered_alike_and_counted() -> None:
    world = World(limits=ROOMY)
    line = bare(world)
    assert (
        line.get(NOWHERE, headers=bearer(forged(HEADER, claims(world, **TARGET)))).status_code
        == 404
    )
    world.trail.rows.clear()
    answers = {
        visible_text(line.get(NOWHERE, headers=bearer(token))) for token in _wrong(world).values()
    }
    (answer,) = answers
    assert 'Bearer realm="mcp", error="invalid_token"' in answer
    assert set(world.types()) == {"session.auth_failure"}
    assert {str(row.metadata) for row in world.trail.rows} == {
        "{'reason': 'invalid', 'method': 'authorization', 'stage': 'authenticate'}"
    }


def visible_text(response: TestResponse) -> str:
    return str(visible(response))


def test_wrong_tokens_block_an_address_and_the_block_is_not_told() -> None:
    world = World(limits=Limits(failures=3))
    line = bare(world)
    right = forged(HEADER, claims(world, **TARGET))
    refused = [line.get(NOWHERE, headers=bearer("a.b.c")) for _ in range(3)]
    blocked = line.get(NOWHERE, headers=bearer(right))
    assert visible(blocked) == visible(refused[0])
    assert world.types()[-1] == "auth.blocked_ip"
    # As a key is, when it comes from there.
    assert visible(line.get(NOWHERE, headers=KEY)) == visible(
        bare(World()).get(NOWHERE, headers={"X-Api-Key": "wrong"})
    )


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "NoTokenFound"),
        ({"X-Api-Key": "wrong"}, "NoTokenFound"),
        ({"Authorization": "Basic YTpi"}, "InvalidAuthorizationFormat"),
        ({"X-Mcp-Proxy-Auth": "me"}, "InvalidMcpProxyFormat"),
        ({"Cookie": "nonsense"}, "InvalidCookieFormat"),
        ({"Cookie": "other=1"}, "NoTokenFound"),
    ],
)
def test_a_missing_token_is_told_by_what_was_sent(headers: dict[str, str], reason: str) -> None:
    told = told_in(bare(World()).get(NOWHERE, headers=headers))
    assert (told["error"], told["reason"]) == ("unauthorized", reason)
    if headers.get("Cookie") == "other=1":
        assert told["tried"] == {
            "authorization": "MissingAuthorizationHeader",
            "mcp-proxy": "MissingMcpProxyHeader",
            "cookie": "TokenNotFoundInCookie",
        }


def test_a_bad_credential_never_lets_a_weaker_one_decide() -> None:
    world = World(limits=ROOMY)
    line = bare(world)
    token = begun(line)["token"]
    for stronger in (
        {"Authorization": "Bearer a.b.c"},
        {"Authorization": "Basic YTpi"},
        {"X-Mcp-Proxy-Auth": "v1 forged"},
        {"X-Api-Key": "wrong"},
        {"X-Api-Key": ""},
        {"X-Api-Key": f"{KEY_A},{KEY_A}"},
    ):
        assert line.get(NOWHERE, headers={**cookie(token), **stronger}).status_code == 401
    key_and_token = {**bearer(token), "X-Api-Key": "wrong"}
    assert line.get(NOWHERE, headers=key_and_token).status_code == 401
    assert line.get(NOWHERE, headers=cookie(token)).status_code == 404


def _word(world: World, path: str, tenant: UUID = TENANT_B) -> dict[str, str]:
    value = sign(PROXY_SECRET, Identity(tenant, "ada"), Bound("GET", path), world.clock.now())
    return {"X-Mcp-Proxy-Auth": value}


def test_a_proxys_word_goes_first_on_the_endpoint_alone() -> None:
    """There the word is looked at, and the bearer token that is wrong is not."""
    world = World(limits=ROOMY)
    line = bare(world)
    wrong = bearer("a.b.c")
    assert line.get("/mcp", headers={**_word(world, "/mcp"), **wrong}).status_code == 404
    row = world.trail.rows[-1]
    assert row.tenant_id == TENANT_B
    assert row.metadata == {"scheme": "proxy", "tier": "user", "subject": "ada"}
    assert line.get(NOWHERE, headers={**_word(world, NOWHERE), **wrong}).status_code == 401
    forged_word = {"X-Mcp-Proxy-Auth": "v1 forged", **bearer(begun(line)["token"])}
    assert line.get("/mcp", headers=forged_word).status_code == 401


def test_a_proxys_word_serves_once() -> None:
    world = World()
    line, word = bare(world), _word(world, NOWHERE)
    assert [line.get(NOWHERE, headers=word).status_code for _ in range(2)] == [404, 401]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 204),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 204),
        ({"Sec-Fetch-Site": "none"}, 204),
        ({"Origin": "http://localhost"}, 204),
        ({"Origin": "https://app.example", "Sec-Fetch-Site": "same-site"}, 204),
        ({"Origin": "http://localhost:5173", "Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://localhost:5173"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://attacker.example"}, 403),
        ({"Origin": "https://attacker.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost.attacker.example"}, 403),
    ],
)
def test_no_other_site_acts_with_a_visitors_cookie(headers: dict[str, str], status: int) -> None:
    origins = ("http://localhost:*", "https://app.example")
    world = World(limits=ROOMY, changed={"allowed_origins": origins})
    line = bare(world)
    token = begun(line)["token"]
    assert line.delete(SESSION, headers={**cookie(token), **headers}).status_code == status
    if status == 403:
        assert world.trail.rows[-1].metadata is not None
        assert world.trail.rows[-1].metadata["stage"] == "refuse_cross_site"
        assert line.get(NOWHERE, headers={**cookie(token), **headers}).status_code == 404
        assert line.delete(SESSION, headers={**bearer(token), **headers}).status_code == 204


def test_where_a_session_is_optional_nobody_gets_to_the_endpoint_and_no_further() -> None:
    world = World(changed={"session_mode": SessionMode.OPTIONAL}, limits=ROOMY)
    line = bare(world)
    assert line.post("/mcp").status_code == 404  # past the chain: Flask has no view for it
    assert world.types() == ["session.anonymous"]
    assert world.trail.rows[0].metadata == {"scheme": "none", "tier": "anonymous"}
    assert line.get(NOWHERE).status_code == 401
    assert line.post(SESSION).status_code == 401
    for wrong in (bearer("a.b.c"), {"Authorization": "x"}, {"X-Api-Key": "wrong"}):
        assert line.post("/mcp", headers=wrong).status_code == 401
    assert line.post("/mcp", headers=KEY).status_code == 404
    assert world.trail.rows[-1].tenant_id == TENANT_A


def test_where_validation_is_disabled_everybody_is_nobody() -> None:
    world = World(changed={"session_mode": SessionMode.DISABLED, "testing": True})
    line = bare(world)
    assert line.get(NOWHERE, headers=bearer("a.b.c")).status_code == 404
    assert line.post(SESSION).status_code == 403
    assert line.post("/admin/sessions/revoke").status_code == 401
    assert set(world.types()) >= {"session.anonymous"}


def test_the_names_of_header_and_cookie_are_settings() -> None:
    names = {"session_cookie": "sid", "proxy_auth_header": "X-Edge"}
    world = World(changed=names, limits=ROOMY)
    line = bare(world)
    token = begun(line)["token"]
    assert line.get(NOWHERE, headers=cookie(token, "sid")).status_code == 404
    assert line.get(NOWHERE, headers=cookie(token)).status_code == 401
    word = _word(world, NOWHERE)["X-Mcp-Proxy-Auth"]
    assert line.get(NOWHERE, headers={"X-Edge": word}).status_code == 404


def test_without_knowing_what_has_ended_the_answer_is_503() -> None:
    world = World(limits=ROOMY)
    line = bare(world)
    token = begun(line)["token"]
    world.ends.is_down = True
    assert line.get(NOWHERE, headers=bearer(token)).status_code == 503
    assert line.get(NOWHERE, headers=KEY).status_code == 404
