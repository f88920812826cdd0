"""Signing a browser in by an API key, where no identity provider does it."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reference_server.core.settings import Limits
from reference_server.oauth.contracts import OAuthParts
from reference_server.tests.fakes import KEY_A, FakeCleanup, FakeStates
from reference_server.tests.oauth.browsing import Line, Somebody
from reference_server.tests.rows import add_tenant
from reference_server.web.app import create_app

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from werkzeug.test import TestResponse


def form_of(page: TestResponse) -> dict[str, str]:
    """Return what the page's form holds."""
    found = re.search(r'name="asked" value="([^"]*)"', page.text)
    assert found is not None, page.text
    return {"asked": html.unescape(found[1])}


def sign_in(line: Line, form: dict[str, Any], **fields: str) -> TestResponse:
    """Send the form."""
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    return line.client.post("/oauth/sign-in", data=form, headers=headers)


def test_a_key_begins_a_session_and_goes_on_where_it_was_asked_for(line: Line) -> None:
    asked = line.asked(line.client_id())
    page = line.client.get("/oauth/authorize", query_string=asked)
    assert "form-action 'self';" in page.headers["Content-Security-Policy"]
    answer = sign_in(line, {**form_of(page), "api_key": KEY_A}, Sec_Fetch_Site="same-origin")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/oauth/authorize?response_type=code&client_id=")
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert {"Secure", "HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))
    session = cookie.split(";")[0].partition("=")[2]
    assert line.world.types()[-1] == "session.issued"
    assert line.is_good(session)
    assert KEY_A not in str(line.world.trail.rows)


@pytest.mark.parametrize("key", ["wrong", "", " ", "x" * 5000, "\u00e9\x00"])
def test_a_wrong_key_begins_none_and_counts(line: Line, key: str) -> None:
    page = line.client.get("/oauth/authorize", query_string={"client_id": "x"})
    answer = sign_in(line, {**form_of(page), "api_key": key})
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    assert "not good" in answer.text
    assert form_of(answer) == {"asked": "client_id=x"}
    assert line.world.types() == ["api_key.auth_failure"]


@pytest.mark.parametrize(
    "fields", [{"Sec_Fetch_Site": "cross-site"}, {"Origin": "https://evil.example"}]
)
def test_no_other_site_signs_its_visitors_in(line: Line, fields: dict[str, str]) -> None:
    answer = sign_in(line, {"asked": "", "api_key": KEY_A}, **fields)
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "asked", ["//evil.example", "https://evil.example/", "\r\nx: y", "a=1&" * 100, ""]
)
def test_nobody_is_sent_elsewhere_from_here(line: Line, asked: str) -> None:
    answer = sign_in(line, {"asked": asked, "api_key": KEY_A})
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/oauth/authorize")
    assert "\n" not in answer.headers["Location"]


def test_an_address_tries_few_keys(owner_engine: Engine, app_engine: Engine) -> None:
    line = Line(app_engine, Somebody(add_tenant(owner_engine)), Limits(oauth_requests=3))
    statuses = [sign_in(line, {"api_key": "x"}).status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429]


def test_failures_block_the_address(owner_engine: Engine, app_engine: Engine) -> None:
    limits = Limits(failures=2)
    line = Line(app_engine, Somebody(add_tenant(owner_engine)), limits)
    for _ in range(2):
        sign_in(line, {"api_key": "x"})
    assert line.world.types()[-1] == "auth.blocked_ip"
    assert sign_in(line, {"api_key": KEY_A}).status_code == 401


def test_where_there_is_a_login_browsers_are_sent_there(line: Line) -> None:
    own = replace(line.authorization, login="/login")
    line.world.replaced["oauth"] = OAuthParts(FakeStates(), FakeCleanup(), own)
    client = create_app(line.world.settings, line.world.parts()).test_client()
    answer = client.get("/oauth/authorize?client_id=a%26b&from_here=1")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login?next=%2Foauth%2Fauthorize%3Fclient_id%3Da%2526b"
    assert client.post("/oauth/sign-in", data={"api_key": KEY_A}).status_code == 404
