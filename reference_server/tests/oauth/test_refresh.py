"""Refresh tokens: exchanged for the next one, forgiven once, and ended as a family."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import text

from reference_server.core.settings import Limits
from reference_server.tests.oauth.browsing import (
    REFUSED,
    Line,
    Somebody,
    claims,
    error_of,
    told_in,
)
from reference_server.tests.rows import add_key, add_tenant

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_a_refresh_token_is_exchanged_for_the_next_one(line: Line) -> None:
    client_id = line.client_id()
    told = line.tokens(client_id, scope="mcp:read mcp:write")
    seen = [told["refresh_token"]]
    for _ in range(3):
        line.world.clock.advance(600)
        told = told_in(line.refresh(client_id, told["refresh_token"]))
        assert line.is_good(told["access_token"])
        assert told["refresh_token"] not in seen
        seen.append(told["refresh_token"])
    assert told["scope"] == "mcp:read mcp:write"


def test_a_refresh_token_that_comes_again_ends_its_family(line: Line) -> None:
    client_id = line.client_id()
    first = line.tokens(client_id)
    second = told_in(line.refresh(client_id, first["refresh_token"]))
    third = told_in(line.refresh(client_id, second["refresh_token"]))
    assert line.is_good(third["access_token"])
    assert error_of(line.refresh(client_id, first["refresh_token"])) == REFUSED
    assert not line.is_good(third["access_token"])
    assert not line.is_good(first["access_token"])
    assert error_of(line.refresh(client_id, third["refresh_token"])) == REFUSED


def test_a_lost_answer_is_forgiven_once_within_the_grace(line: Line) -> None:
    client_id = line.client_id()
    first = line.tokens(client_id)["refresh_token"]
    assert line.refresh(client_id, first).status_code == 200
    line.world.clock.advance(9)
    again = told_in(line.refresh(client_id, first))
    assert line.is_good(again["access_token"])
    assert line.refresh(client_id, again["refresh_token"]).status_code == 200
    assert error_of(line.refresh(client_id, first)) == REFUSED
    assert not line.is_good(again["access_token"])


def test_of_two_answers_the_use_of_one_ends_the_other(line: Line) -> None:
    client_id = line.client_id()
    first = line.tokens(client_id)["refresh_token"]
    one = told_in(line.refresh(client_id, first))["refresh_token"]
    other = told_in(line.refresh(client_id, first))["refresh_token"]
    used = told_in(line.refresh(client_id, other))
    assert line.is_good(used["access_token"])
    assert error_of(line.refresh(client_id, one)) == REFUSED
    assert not line.is_good(used["access_token"]), "somebody has what he should not"


def test_after_the_grace_nothing_is_forgiven(line: Line) -> None:
    client_id = line.client_id()
    first = line.tokens(client_id)["refresh_token"]
    second = told_in(line.refresh(client_id, first))
    line.world.clock.advance(10)
    assert error_of(line.refresh(client_id, first)) == REFUSED
    assert not line.is_good(second["access_token"])


def test_of_many_exchanges_of_a_refresh_token_none_outlasts_the_race(line: Line) -> None:
    """The first wins, the second is forgiven, and the third ends the family."""
    client_id = line.client_id()
    token = line.tokens(client_id)["refresh_token"]
    with ThreadPoolExecutor(6) as executor:
        asked = [executor.submit(line.refresh, client_id, token) for _ in range(12)]
    won = [told_in(one.result()) for one in asked if one.result().status_code == 200]
    assert len(won) <= 2
    assert not any(line.is_good(one["access_token"]) for one in won)
    assert all(line.refresh(client_id, one["refresh_token"]).status_code == 400 for one in won)


def test_without_a_grace_one_exchange_wins(owner_engine: Engine, app_engine: Engine) -> None:
    limits = Limits(oauth_requests=10_000, address_requests=10_000, oauth_refresh_grace=0)
    line = Line(app_engine, Somebody(add_tenant(owner_engine)), limits)
    client_id = line.client_id()
    token = line.tokens(client_id)["refresh_token"]
    with ThreadPoolExecutor(6) as executor:
        asked = [executor.submit(line.refresh, client_id, token) for _ in range(12)]
    assert sorted(one.result().status_code for one in asked).count(200) == 1


def test_a_refresh_token_is_its_clients_and_its_resources(line: Line) -> None:
    client_id, other = line.client_id(), line.client_id()
    token = line.tokens(client_id)["refresh_token"]
    assert error_of(line.refresh(other, token)) == REFUSED
    wrong = line.refresh(client_id, token, resource="https://other.example/mcp")
    assert error_of(wrong) == (400, "invalid_target")
    assert line.refresh(client_id, token).status_code == 200, "no attempt has used it up"


def test_a_scope_is_narrowed_and_never_widened(line: Line) -> None:
    client_id = line.client_id()
    wide = line.tokens(client_id, scope="mcp:write")["refresh_token"]
    narrow = told_in(line.refresh(client_id, wide, scope="mcp:read"))
    assert narrow["scope"] == claims(narrow["access_token"])["scope"] == "mcp:read"
    back = told_in(line.refresh(client_id, narrow["refresh_token"]))
    assert back["scope"] == "mcp:write", "the refresh token keeps what was granted"
    little = line.tokens(client_id, scope="mcp:read")["refresh_token"]
    assert error_of(line.refresh(client_id, little, scope="mcp:write")) == (400, "invalid_scope")
    assert line.refresh(client_id, little).status_code == 200


def test_a_client_that_did_not_ask_for_them_gets_no_refresh_tokens(line: Line) -> None:
    client_id = line.register()["client_id"]
    assert "refresh_token" not in line.tokens(client_id)


def test_a_grant_ends_in_a_month(line: Line) -> None:
    client_id = line.client_id()
    token = line.tokens(client_id)["refresh_token"]
    line.world.clock.advance(30 * 24 * 3600 - 1)
    told = told_in(line.refresh(client_id, token))
    assert told["expires_in"] == 1, "and no token outlives it"
    line.world.clock.advance(1)
    assert error_of(line.refresh(client_id, told["refresh_token"])) == REFUSED


def test_a_grant_ends_with_the_key_that_it_came_of(
    owner_engine: Engine, app_engine: Engine
) -> None:
    tenant = add_tenant(owner_engine)
    key = add_key(owner_engine, tenant, "k", datetime(2027, 1, 1, tzinfo=UTC))
    line = Line(app_engine, Somebody(tenant, key=key))
    client_id = line.client_id()
    told = line.tokens(client_id)
    code = line.code(client_id)
    assert claims(told["access_token"])["key_id"] == str(key)
    with owner_engine.begin() as connection:
        connection.execute(text("UPDATE api_keys SET revoked_at = now()"))
    assert error_of(line.refresh(client_id, told["refresh_token"])) == REFUSED
    assert error_of(line.exchange(client_id, code)) == REFUSED
