"""Codes and tokens: what each is bound to, exchanged once, and what a second time ends."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from psycopg import sql
from sqlalchemy import text

from reference_server.core.settings import Limits
from reference_server.oauth.states import digest_of
from reference_server.tests.oauth.browsing import (
    REDIRECT,
    REFUSED,
    RESOURCE,
    Line,
    Pkce,
    Somebody,
    claims,
    error_of,
    told_in,
)
from reference_server.tests.rows import add_tenant

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy import Engine


def test_a_code_gives_tokens_bound_to_the_resource_and_the_client(line: Line) -> None:
    client_id = line.client_id()
    answer = line.exchange(client_id, line.code(client_id, scope="mcp:read mcp:write"))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    told = told_in(answer)
    assert set(told) == {"access_token", "token_type", "expires_in", "scope", "refresh_token"}
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 900)
    assert told["scope"] == "mcp:read mcp:write"
    said = claims(told["access_token"])
    assert (said["aud"], said["client_id"]) == (RESOURCE, client_id)
    assert (said["sub"], said["tid"]) == ("ada", str(line.user.tenant))
    assert said["scope"] == "mcp:read mcp:write"
    assert line.is_good(told["access_token"])
    row = line.world.trail.rows[-1]
    assert (row.event_type.value, row.tenant_id) == ("oauth.token_issued", line.user.tenant)
    assert dict(row.metadata or {})["subject"] == "ada"
    rows = str(line.world.trail.rows)
    assert told["access_token"] not in rows
    assert told["refresh_token"] not in rows


def test_an_access_token_is_good_for_the_mcp_endpoint_alone(line: Line) -> None:
    token = line.tokens(line.client_id())["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    for method, path in [
        ("GET", "/nowhere"),
        ("POST", "/auth/session"),
        ("DELETE", "/auth/session"),
    ]:
        assert line.client.open(path, method=method, headers=bearer).status_code == 401
    cookie = {"Cookie": f"__Host-hallmark={token}"}
    assert line.client.get("/mcp", headers=cookie).status_code == 401
    assert line.client.get("/mcp", headers=bearer).status_code == 404, "it has no view, but a door"


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"code_verifier": Pkce().verifier}, REFUSED),
        ({"code_verifier": "short"}, REFUSED),
        ({"code_verifier": None}, (400, "invalid_request")),
        ({"redirect_uri": f"{REDIRECT}/"}, REFUSED),
        ({"redirect_uri": None}, REFUSED),
        ({"resource": "https://other.example/mcp"}, (400, "invalid_target")),
        ({"code": "unknown"}, REFUSED),
        ({"code": None}, (400, "invalid_request")),
        ({"client_id": "unknown"}, (401, "invalid_client")),
        ({"client_id": None}, (401, "invalid_client")),
        ({"grant_type": None}, (400, "invalid_request")),
        ({"grant_type": "client_credentials"}, (400, "unsupported_grant_type")),
        ({"grant_type": 'pass"word\\'}, (400, "unsupported_grant_type")),
    ],
)
def test_a_code_is_bound_and_no_wrong_attempt_uses_it_up(
    line: Line, change: dict[str, str | None], refused: tuple[int, str]
) -> None:
    client_id = line.client_id()
    code = line.code(client_id)
    assert error_of(line.exchange(client_id, code, **change)) == refused
    assert line.world.types()[-1] == "oauth.token_refused"
    assert line.exchange(client_id, code).status_code == 200


def test_a_code_is_its_clients(line: Line) -> None:
    client_id, other = line.client_id(), line.client_id()
    code = line.code(client_id)
    assert error_of(line.exchange(other, code)) == REFUSED
    assert line.exchange(client_id, code).status_code == 200


def test_a_code_lives_a_minute(line: Line) -> None:
    client_id = line.client_id()
    early, late = line.code(client_id), line.code(client_id)
    line.world.clock.advance(59)
    assert line.exchange(client_id, early).status_code == 200
    line.world.clock.advance(1)
    assert error_of(line.exchange(client_id, late)) == REFUSED


def test_a_code_that_comes_again_ends_what_it_gave(line: Line) -> None:
    client_id = line.client_id()
    code = line.code(client_id)
    told = told_in(line.exchange(client_id, code))
    other = line.tokens(client_id)
    assert line.is_good(told["access_token"])
    assert error_of(line.exchange(client_id, code)) == REFUSED
    assert not line.is_good(told["access_token"])
    assert error_of(line.refresh(client_id, told["refresh_token"])) == REFUSED
    assert line.is_good(other["access_token"]), "another grant of the same user and client"
    assert "oauth.grant_ended" in line.world.types()


def test_of_many_exchanges_of_a_code_one_wins_at_most(line: Line) -> None:
    client_id = line.client_id()
    code = line.code(client_id)
    with ThreadPoolExecutor(6) as executor:
        asked = [executor.submit(line.exchange, client_id, code) for _ in range(12)]
    statuses = [one.result().status_code for one in asked]
    assert statuses.count(200) == 1
    assert set(statuses) == {200, 400}


def test_parameters_count_in_the_body_alone_and_once(line: Line) -> None:
    client_id = line.client_id()
    code = line.code(client_id)
    asked = {
        "grant_type": "authorization_code",
        "client_id": client_id,
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": line.pkce.verifier,
    }
    assert line.client.post("/oauth/token", query_string=asked).status_code == 400
    twice = [*asked.items(), ("code", code)]
    data = "&".join(f"{name}={value}" for name, value in twice)
    kind = "application/x-www-form-urlencoded"
    repeated = line.client.post("/oauth/token", data=data, content_type=kind)
    assert error_of(repeated) == (400, "invalid_request")
    assert line.client.post("/oauth/token", json=asked).status_code == 400
    assert line.ask_token(asked).status_code == 200


@pytest.mark.parametrize(
    "field",
    ["Basic", "Basic x", "Basic //4=", "Bearer x", "Basic " + base64.b64encode(b"x:y").decode()],
)
def test_a_client_that_does_not_prove_itself_is_told_how(line: Line, field: str) -> None:
    client_id = line.client_id()
    code = line.code(client_id)
    answer = line.ask_token(
        {"grant_type": "authorization_code", "code": code}, headers={"Authorization": field}
    )
    assert error_of(answer) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def confidential(owner: Engine, method: str) -> str:
    """Add a client that an operator registered, whose secret is ``secret``."""
    with owner.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO oauth_clients (id, is_dynamic, metadata, secret_digest)
                VALUES ('known', false, jsonb_build_object(
                    'redirect_uris', jsonb_build_array(CAST(:uri AS text)), 'client_name', 'Known',
                    'token_endpoint_auth_method', CAST(:method AS text),
                    'grant_types', jsonb_build_array('authorization_code')), :digest)
            """),
            {"uri": REDIRECT, "method": method, "digest": digest_of("secret")},
        )
    return "known"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_client_with_a_secret_has_to_show_it(
    line: Line, owner_engine: Engine, method: str
) -> None:
    client_id = confidential(owner_engine, method)
    page = line.page(line.asked(client_id)).text
    assert "verified" not in page, "an operator has looked at it"
    code = line.code(client_id)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": line.pkce.verifier,
    }

    def ask(secret: str, way: str) -> int:
        told = {**form, "client_id": client_id, "client_secret": secret}
        if way == "client_secret_post":
            return line.ask_token(told).status_code
        return line.ask_token(form, auth=(client_id, secret)).status_code

    other = {
        "client_secret_basic": "client_secret_post",
        "client_secret_post": "client_secret_basic",
    }
    assert line.ask_token({**form, "client_id": client_id}).status_code == 401
    assert ask("wrong", method) == 401
    assert ask("secret", other[method]) == 401
    assert ask("secret", method) == 200


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_client_that_there_is_not_is_refused_like_one_with_another_secret(
    line: Line, owner_engine: Engine, method: str
) -> None:
    confidential(owner_engine, method)
    form = {"grant_type": "authorization_code", "code": "x", "redirect_uri": REDIRECT}

    def ask(name: str) -> tuple[int, bytes, str]:
        told = {**form, "client_id": name, "client_secret": "wrong"}
        basic = method == "client_secret_basic"
        answer = line.ask_token(form, auth=(name, "wrong")) if basic else line.ask_token(told)
        return answer.status_code, answer.data, answer.headers.get("WWW-Authenticate", "")

    assert ask("known") == ask("nobody")
    assert ask("nobody")[0] == 401


def test_an_error_of_a_client_that_is_known_is_taken_to_it(
    line: Line, owner_engine: Engine
) -> None:
    client_id = confidential(owner_engine, "client_secret_basic")
    answer = line.page(line.asked(client_id, scope="admin"))
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{REDIRECT}?error=invalid_scope&")
    assert "iss=" in answer.headers["Location"]


def test_pkce_is_asked_of_a_client_with_a_secret_as_well(line: Line, owner_engine: Engine) -> None:
    client_id = confidential(owner_engine, "client_secret_post")
    answer = line.page(line.asked(client_id, code_challenge=None, code_challenge_method=None))
    assert "error=invalid_request" in answer.headers["Location"]


def test_revocation_ends_what_is_shown(line: Line) -> None:
    client_id, other = line.client_id(), line.client_id()

    def revoke(token: str, client: str = client_id) -> int:
        told = {"token": token, "client_id": client, "token_type_hint": "nonsense"}
        return line.client.post("/oauth/revoke", data=told).status_code

    first = line.tokens(client_id)
    assert revoke(first["refresh_token"], other) == 400
    assert revoke(first["access_token"], other) == 400
    assert line.is_good(first["access_token"])
    assert revoke(first["access_token"]) == 200
    assert not line.is_good(first["access_token"])
    second = told_in(line.refresh(client_id, first["refresh_token"]))
    assert line.is_good(second["access_token"])
    assert revoke(second["refresh_token"]) == 200
    assert not line.is_good(second["access_token"])
    assert error_of(line.refresh(client_id, second["refresh_token"])) == REFUSED
    assert revoke("unknown") == 200
    assert line.client.post("/oauth/revoke", data={"client_id": client_id}).status_code == 400


def test_a_session_of_a_browser_is_not_a_clients_to_end(line: Line) -> None:
    told = {"token": line.session, "client_id": line.client_id()}
    assert line.client.post("/oauth/revoke", data=told).status_code == 200
    assert line.is_good(line.session)


def test_the_database_holds_no_code_and_no_token(line: Line, auditor: psycopg.Connection) -> None:
    registered = line.register(grant_types=["authorization_code", "refresh_token"])
    client_id = registered["client_id"]
    code = line.code(client_id)
    told = told_in(line.exchange(client_id, code))
    held = ""
    for table in ("oauth_clients", "oauth_grants", "oauth_refresh_tokens"):
        query = sql.SQL("SELECT row_to_json(t)::text FROM {} t").format(sql.Identifier(table))
        held += "".join(str(row[0]) for row in auditor.execute(query))
    secrets = [code, told["access_token"], told["refresh_token"], line.pkce.verifier]
    assert not [one for one in [*secrets, registered["registration_access_token"]] if one in held]
    assert digest_of(code) in held, "the right rows were looked at"


def test_too_many_requests_of_a_client_from_an_address_are_refused(
    owner_engine: Engine, app_engine: Engine
) -> None:
    limits = Limits(oauth_requests=3)
    line = Line(app_engine, Somebody(add_tenant(owner_engine)), limits)

    def ask(client: str, address: str = "127.0.0.1") -> int:
        told = {"client_id": client, "grant_type": "x"}
        over = {"REMOTE_ADDR": address}
        return line.client.post("/oauth/token", data=told, environ_overrides=over).status_code

    assert [ask("one") for _ in range(4)] == [400, 400, 400, 429]
    assert ask("other") == 400, "of the same address"
    assert ask("one", "127.0.0.2") == 400, "of the same client"
    limited = [
        row for row in line.world.trail.rows if row.event_type.value == "rate_limit.exceeded"
    ]
    assert [dict(row.metadata or {})["scope"] for row in limited] == ["oauth"]
