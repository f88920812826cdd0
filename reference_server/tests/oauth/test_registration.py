"""Clients that register themselves: what is taken of them, and how many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from mcp.shared.auth import OAuthClientInformationFull
from psycopg import sql

from reference_server.core.settings import Limits
from reference_server.oauth.grants import SqlGrants
from reference_server.oauth.redirects import BadRedirectError, check_redirect, is_registered
from reference_server.tests.oauth.browsing import REDIRECT, Line, Somebody, error_of, told_in
from reference_server.tests.rows import add_tenant

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy import Engine

BAD = """
http://client.example/callback
http://127.0.0.2/callback
http://127.0.0.1.evil.example/
http://localhost.evil.example/
http://10.0.0.1/
https://
https:///callback
https://user@client.example/
https://client.example@evil.example/
https://client.example/#fragment
https://client.example/#
https://*.example/
https://client.example:0x50/
https://client.example:99999/
https://client.example\\@evil.example/
https://cli ent.example/
https://client.example/\u00e9
//client.example/callback
/callback
client.example
javascript:alert(1)
JavaScript:alert(1)
data:text/html,x
file:///etc/passwd
vbscript:x
cursor://callback
urn:ietf:wg:oauth:2.0:oob
ftp://client.example/
about:blank
"""
GOOD = """
https://client.example/callback
https://client.example:8443/callback?a=b
https://CLIENT.example/
http://127.0.0.1/callback
http://127.0.0.1:3000/callback
http://[::1]:3000/
http://localhost:3000
"""


@pytest.mark.parametrize("uri", GOOD.split())
def test_https_and_this_machine_may_be_answered_to(uri: str) -> None:
    check_redirect(uri)


@pytest.mark.parametrize("uri", [*filter(None, BAD.split("\n")), "https://x.example/" + "x" * 2000])
def test_nothing_else_may(uri: str, line: Line) -> None:
    with pytest.raises(BadRedirectError):
        check_redirect(uri)
    answer = line.client.post("/oauth/register", json={"redirect_uris": [REDIRECT, uri]})
    assert error_of(answer) == (400, "invalid_redirect_uri")
    assert answer.text.isascii()


@pytest.mark.parametrize(
    ("uri", "known"),
    [
        ("http://127.0.0.1:4711/cb?x=1", True),
        ("http://127.0.0.1/cb?x=1", True),
        ("http://127.0.0.1:3000/cb?x=1", True),
        ("http://127.0.0.1:4711/cb?x=2", False),
        ("http://127.0.0.1:4711/cb", False),
        ("http://127.0.0.1:4711/cb/?x=1", False),
        ("http://localhost:4711/cb?x=1", False),
        ("http://[::1]:4711/cb?x=1", False),
        ("https://127.0.0.1:4711/cb?x=1", False),
        ("http://127.0.0.1:4711@evil.example/cb?x=1", False),
        ("http://127.0.0.1:99999/cb?x=1", False),
    ],
)
def test_on_loopback_any_port_will_do(uri: str, *, known: bool) -> None:
    assert is_registered(uri, ["http://127.0.0.1:3000/cb?x=1", REDIRECT]) is known


@pytest.mark.parametrize(
    ("uri", "known"),
    [
        (REDIRECT, True),
        (REDIRECT + "/", False),
        (REDIRECT + "?", False),
        (REDIRECT.replace("client.example", "client.example:443"), False),
        (REDIRECT.replace("https", "HTTPS"), False),
        (REDIRECT.replace("callback", "x/../callback"), False),
        ("https://client.example:8443/callback", False),
    ],
)
def test_elsewhere_every_letter_counts(uri: str, *, known: bool) -> None:
    assert is_registered(uri, [REDIRECT]) is known


def test_a_client_is_told_what_it_was_registered_with(line: Line) -> None:
    told = line.register(
        client_name="A client",
        token_endpoint_auth_method="client_secret_basic",
        grant_types=["authorization_code", "refresh_token", "implicit"],
        logo_uri="https://client.example/logo.png",
        scope="mcp:read",
    )
    OAuthClientInformationFull.model_validate(told)
    assert "client_secret" not in told
    assert told["token_endpoint_auth_method"] == "none"
    assert told["grant_types"] == ["authorization_code", "refresh_token"]
    assert told["client_name"] == "A client"
    assert "logo_uri" not in told, "nobody looks at it"
    assert line.world.types() == ["oauth.client_registered"]
    assert told["registration_access_token"] not in str(line.world.trail.rows)


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ({}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": REDIRECT}, "invalid_redirect_uri"),
        ({"redirect_uris": [7]}, "invalid_redirect_uri"),
        ({"redirect_uris": [REDIRECT] * 11}, "invalid_redirect_uri"),
        ({"redirect_uris": [REDIRECT], "client_name": ["x"]}, "invalid_client_metadata"),
        ({"redirect_uris": [REDIRECT], "client_name": "x" * 501}, "invalid_client_metadata"),
        ({"redirect_uris": [REDIRECT], "grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({"redirect_uris": [REDIRECT], "response_types": ["token"]}, "invalid_client_metadata"),
        ({"redirect_uris": [REDIRECT], "software_id": "a\x00b"}, "invalid_client_metadata"),
        ([], "invalid_client_metadata"),
        ("x", "invalid_client_metadata"),
    ],
)
def test_what_is_no_good_is_refused_by_name(line: Line, told: Any, error: str) -> None:
    answer = line.client.post("/oauth/register", json=told)
    assert error_of(answer) == (400, error)
    description = told_in(answer)["error_description"]
    assert description.split(":")[0] in {
        *("redirect_uris", "client_name", "grant_types", "response_types", "software_id", "body")
    }
    assert line.world.types() == ["oauth.client_refused"]


@pytest.mark.parametrize("body", [b"[" * 60_000, b"{", b"\xff", b""])
def test_what_is_no_json_is_refused(line: Line, body: bytes) -> None:
    kind = "application/json"
    answer = line.client.post("/oauth/register", data=body, content_type=kind)
    assert error_of(answer) == (400, "invalid_client_metadata")


def test_a_registration_that_cannot_be_is_nobodys(line: Line) -> None:
    headers = {"Authorization": "Bearer x"}
    for client_id in ("%00", "x" * 3000, "%ed%a0%80", "unknown"):
        answer = line.client.get(f"/oauth/register/{client_id}", headers=headers)
        assert answer.status_code == 401, client_id


def test_a_registration_is_seen_and_removed_with_its_token_alone(
    line: Line, auditor: psycopg.Connection
) -> None:
    kinds = ["authorization_code", "refresh_token"]
    ours, other = line.register(grant_types=kinds), line.register()
    path = urlsplit(str(ours["registration_client_uri"])).path

    def ask(method: str, *tokens: str) -> int:
        fields = [("Authorization", f"Bearer {token}") for token in tokens]
        return line.client.open(path, method=method, headers=fields).status_code

    right = str(ours["registration_access_token"])
    tokens = line.tokens(ours["client_id"])
    for method in ("GET", "DELETE"):
        assert ask(method) == 401
        assert ask(method, str(other["registration_access_token"])) == 401
        assert ask(method, right, right) == 401
    assert ask("GET", right) == 200
    seen = told_in(line.client.get(path, headers={"Authorization": f"Bearer {right}"}))
    assert "registration_access_token" not in seen
    assert seen["client_id"] == ours["client_id"]
    assert ask("DELETE", right) == 204
    assert ask("GET", right) == 401
    refused = line.refresh(ours["client_id"], tokens["refresh_token"])
    assert error_of(refused) == (401, "invalid_client")
    ended = auditor.execute("SELECT count(*) FROM session_ends").fetchone()
    assert ended == (1,), "its access tokens have ended, too"
    assert line.world.types()[-1] == "oauth.token_refused"
    assert "oauth.client_removed" in line.world.types()


def test_an_address_registers_so_many_and_no_other_suffers(
    owner_engine: Engine, app_engine: Engine
) -> None:
    limits = Limits(oauth_registrations=3)
    line = Line(app_engine, Somebody(add_tenant(owner_engine)), limits)

    def ask(address: str, uri: str = REDIRECT) -> int:
        over = {"REMOTE_ADDR": address}
        told = {"redirect_uris": [uri]}
        return line.client.post("/oauth/register", json=told, environ_overrides=over).status_code

    assert ask("127.0.0.1", "http://evil.example/") == 400, "which costs no registration"
    assert [ask("127.0.0.1") for _ in range(4)] == [201, 201, 201, 429]
    assert ask("127.0.0.2") == 201
    line.world.clock.advance(3600)
    assert ask("127.0.0.1") == 201


def test_all_together_are_bounded_and_the_unused_go(
    owner_engine: Engine, app_engine: Engine
) -> None:
    limits = Limits(oauth_clients=2, oauth_requests=100)
    line = Line(app_engine, Somebody(add_tenant(owner_engine)), limits)
    used, unused = line.client_id(), line.client_id()
    token = line.tokens(used)["refresh_token"]
    full = line.client.post("/oauth/register", json={"redirect_uris": [REDIRECT]})
    assert full.status_code == 503
    line.world.clock.advance(24 * 3600)
    assert line.page(line.asked(unused), line.user.session(line.world)).status_code == 400
    SqlGrants(app_engine, line.world.clock, limits).forget_expired()
    assert line.register()
    assert line.refresh(used, token).status_code == 200


def test_what_has_ended_is_forgotten(
    owner_engine: Engine, app_engine: Engine, auditor: psycopg.Connection
) -> None:
    limits = Limits(oauth_requests=100)
    line = Line(app_engine, Somebody(add_tenant(owner_engine)), limits)
    client_id = line.client_id()

    def left() -> list[int]:
        found: list[int] = []
        for table in ("oauth_grants", "oauth_refresh_tokens"):
            query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
            found.extend(auditor.execute(query).fetchone() or ())
        return found

    token = line.tokens(client_id)["refresh_token"]
    line.code(client_id)
    grants = SqlGrants(app_engine, line.world.clock, limits)
    assert grants.forget_expired() == 0
    line.world.clock.advance(60)
    assert grants.forget_expired() == 1, "the code that nobody has exchanged"
    line.client.post("/oauth/revoke", data={"token": token, "client_id": client_id})
    assert left() == [1, 1]
    line.world.clock.advance(24 * 3600)
    assert grants.forget_expired() == 1
    assert left() == [0, 0]
