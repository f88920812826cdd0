"""The page that asks for consent: who is asked, what is shown, and where nobody is ever sent."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from reference_server.tests.oauth.browsing import ISSUER, REDIRECT, Line, Somebody, answered
from reference_server.tests.web.test_chain import visible

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_consent_gives_a_code_with_state_and_issuer(line: Line) -> None:
    client_id = line.client_id(client_name="A client")
    page = line.page(line.asked(client_id))
    assert page.status_code == 200
    assert "A client" in page.text
    found = answered(line.decide(page, "allow"))
    assert set(found) == {"code", "state", "iss"}
    assert (found["state"], found["iss"]) == ("a state & more", ISSUER)
    assert line.world.types()[-1] == "oauth.consent_given"
    assert found["code"] not in str(line.world.trail.rows)


def test_a_denial_is_answered_and_no_more(line: Line) -> None:
    page = line.page(line.asked(line.client_id()))
    found = answered(line.decide(page, "deny"))
    assert found == {"error": "access_denied", "state": "a state & more", "iss": ISSUER}
    assert line.world.types()[-1] == "oauth.consent_denied"


def test_what_a_redirect_uri_has_already_stays_as_it_is(line: Line) -> None:
    uri = f"{REDIRECT}?a=%7e&a=2&b"
    client_id = line.client_id(redirect_uris=[uri])
    answer = line.decide(line.page(line.asked(client_id, redirect_uri=uri)), "allow")
    assert answer.headers["Location"].startswith(f"{uri}&code=")


def test_whoever_is_not_signed_in_is_shown_no_form(line: Line) -> None:
    parameters = line.asked(line.client_id())
    for session in ("x.y.z", line.session[:-1], ""):
        page = line.client.get(
            "/oauth/authorize",
            query_string=parameters,
            headers={"Cookie": f"__Host-hallmark={session}"},
        )
        assert page.status_code == 401
        assert "Allow" not in page.text
    assert line.client.get("/oauth/authorize", query_string=parameters).status_code == 401


def test_a_browser_from_another_site_is_sent_here_once_more(line: Line) -> None:
    """Its cookie is SameSite=Strict: it comes with what a page of ours leads to."""
    foreign = {"Sec-Fetch-Site": "cross-site"}
    asked = {**line.asked(line.client_id()), "from_here": "1"}
    first = line.client.get("/oauth/authorize?client_id=x", headers=foreign)
    assert first.status_code == 200
    assert 'http-equiv="refresh" content="0; url=/oauth/authorize?client_id=x&amp;' in first.text
    assert (
        line.client.get("/oauth/authorize", query_string=asked, headers=foreign).status_code == 401
    )
    assert line.page(asked).status_code == 200, "the parameter of ours is no part of the request"


def test_an_access_token_is_no_session_of_a_browser(line: Line) -> None:
    client_id = line.client_id()
    token = line.tokens(client_id)["access_token"]
    assert line.page(line.asked(client_id), session=token).status_code == 401


def test_the_page_cannot_be_framed_kept_or_scripted(line: Line) -> None:
    page = line.page(line.asked(line.client_id(client_name="<script>alert(1)</script>")))
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "form-action 'self' https://client.example;" in policy
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Cache-Control"] == "no-store"
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text


def test_the_form_may_lead_to_ipv6_as_well(line: Line) -> None:
    uri = "http://[::1]:4711/callback"
    page = line.page(line.asked(line.client_id(redirect_uris=[uri]), redirect_uri=uri))
    assert "form-action 'self' http:;" in page.headers["Content-Security-Policy"]


def test_names_that_change_how_the_page_is_read_are_made_plain(line: Line) -> None:
    client_id = line.client_id(client_name="Good\u202eevil\u0000\n  client\u2066 " + "x" * 100)
    page = line.page(line.asked(client_id)).text
    assert "<bdi>“Good evil client " in page
    assert not {"\u202e", "\u2066", "\x00"} & set(page)


@pytest.mark.parametrize(
    ("uris", "warns"),
    [
        ((REDIRECT,), False),
        (("http://127.0.0.1/x", REDIRECT), False),
        (("http://127.0.0.1/x", "http://localhost/x"), True),
    ],
)
def test_what_only_listens_on_this_machine_is_warned_of(
    line: Line, uris: tuple[str, ...], *, warns: bool
) -> None:
    client_id = line.client_id(redirect_uris=list(uris))
    page = line.page(line.asked(client_id, redirect_uri=uris[0]))
    assert ("your own computer" in page.text) is warns
    assert "Nobody has verified the name" in page.text
    assert f"<strong><bdi>{urlsplit(uris[0]).netloc}</bdi></strong>" in page.text


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_id": "unknown"}, "invalid_client"),
        ({"client_id": None}, "invalid_request"),
        ({"client_id": "x\x00y"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/callback"}, "invalid_request"),
        ({"redirect_uri": REDIRECT + "/"}, "invalid_request"),
        ({"redirect_uri": REDIRECT + "?x"}, "invalid_request"),
        ({"redirect_uri": REDIRECT.upper()}, "invalid_request"),
        ({"redirect_uri": "https://client.example/%63allback"}, "invalid_request"),
        ({"redirect_uri": 'https://client.example/"\\\u00e9'}, "invalid_request"),
        ({"redirect_uri": "javascript:alert(1)"}, "invalid_request"),
        (
            {"redirect_uri": "https://evil.example/", "response_type": "token"},
            "invalid_request",
        ),
        ({"redirect_uri": "https://evil.example/", "scope": "admin"}, "invalid_request"),
    ],
)
def test_nobody_is_sent_to_what_is_not_registered(
    line: Line, change: dict[str, str | None], error: str
) -> None:
    page = line.page(line.asked(line.client_id(), **change))
    assert page.status_code == 400
    assert f"<code>{error}</code>" in page.text
    assert "Location" not in page.headers
    assert "href" not in page.text
    assert "evil.example" not in page.text
    assert line.world.types()[-1] == "oauth.authorization_refused"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": 'cod"e\\'}, "unsupported_response_type"),
        ({"scope": "admin"}, "invalid_scope"),
        ({"resource": None}, "invalid_target"),
        ({"resource": "https://mcp.example"}, "invalid_target"),
        ({"resource": "https://mcp.example/mcp/"}, "invalid_target"),
        ({"resource": "https://other.example/mcp"}, "invalid_target"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "x" * 42}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
    ],
)
def test_an_error_of_an_unknown_client_is_shown_before_anybody_is_sent_on(
    line: Line, change: dict[str, str | None], error: str
) -> None:
    page = line.page(line.asked(line.client_id(), **change))
    assert page.status_code == 400
    assert "Location" not in page.headers
    assert f'href="{REDIRECT}?error={error}&amp;' in page.text
    assert "iss=https%3A%2F%2Fmcp.example" in page.text
    assert "state=a+state+%26+more" in page.text


def test_scheme_and_host_of_the_resource_may_be_in_capitals(line: Line) -> None:
    page = line.page(line.asked(line.client_id(), resource="HTTPS://MCP.Example/mcp"))
    assert page.status_code == 200


def test_a_repeated_parameter_is_refused(line: Line) -> None:
    asked = list(line.asked(line.client_id()).items())
    for name, value in asked:
        page = line.client.get(
            "/oauth/authorize",
            query_string=[*asked, (name, value)],
            headers={"Cookie": f"__Host-hallmark={line.session}"},
        )
        assert page.status_code == 400, name
        assert "Location" not in page.headers


def test_a_decision_is_of_the_session_and_the_request_that_were_shown(
    line: Line, app_engine: Engine
) -> None:
    del app_engine
    page = line.page(line.asked(line.client_id()))
    again = line.user.session(line.world)
    other = Somebody(uuid4()).session(line.world)
    for session in (again, other):
        answer = line.decide(page, "allow", session)
        assert answer.status_code == 400
        assert "Location" not in answer.headers
    assert line.decide(page, "allow").status_code == 303
    assert line.decide(page, "perhaps").status_code == 400


def test_a_decision_without_a_seal_is_none(line: Line) -> None:
    asked = line.asked(line.client_id())
    cookie = {"Cookie": f"__Host-hallmark={line.session}"}
    for form in ({**asked, "decision": "allow"}, {"request": "x.y", "decision": "allow"}):
        answer = line.client.post("/oauth/authorize", data=form, headers=cookie)
        assert answer.status_code == 400
    answer = line.client.post(
        "/oauth/authorize", query_string=asked, data={"decision": "allow"}, headers=cookie
    )
    assert answer.status_code == 400


def test_a_page_is_good_for_ten_minutes(line: Line) -> None:
    page = line.page(line.asked(line.client_id()))
    line.world.clock.advance(599)
    assert line.decide(page, "allow").status_code == 303
    line.world.clock.advance(1)
    assert line.decide(page, "allow").status_code == 400


def test_another_site_cannot_send_the_form(line: Line) -> None:
    page = line.page(line.asked(line.client_id()))
    fields = {"Cookie": f"__Host-hallmark={line.session}", "Sec-Fetch-Site": "cross-site"}
    form = {"request": page.text.split('value="')[1].split('"')[0], "decision": "allow"}
    assert line.client.post("/oauth/authorize", data=form, headers=fields).status_code == 403
    fields["Sec-Fetch-Site"] = "same-origin"
    assert line.client.post("/oauth/authorize", data=form, headers=fields).status_code == 303


def test_a_client_that_is_gone_by_then_gets_nothing(line: Line) -> None:
    registered = line.register()
    page = line.page(line.asked(registered["client_id"]))
    path = urlsplit(str(registered["registration_client_uri"])).path
    token = {"Authorization": f"Bearer {registered['registration_access_token']}"}
    assert line.client.delete(path, headers=token).status_code == 204
    assert line.decide(page, "allow").status_code == 400


def test_other_methods_and_paths_ask_for_a_credential(line: Line) -> None:
    refused = visible(line.client.get("/nowhere"))
    for method, path in [
        ("PUT", "/oauth/authorize"),
        ("GET", "/oauth/authorize/"),
        ("GET", "/oauth/token"),
        ("GET", "/oauth/register"),
        ("POST", "/oauth/register/x"),
        ("POST", "/.well-known/oauth-authorization-server"),
        ("GET", "/.well-known/openid-configuration"),
    ]:
        assert visible(line.client.open(path, method=method)) == refused, (method, path)
