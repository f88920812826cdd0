"""The routes of login: what is set, what is told, and what is written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reference_server.core.vocabulary import TokenMethod
from reference_server.identity.contracts import (
    BegunLogin,
    FinishedLogin,
    IdentityParts,
    LoginError,
    LoginFailure,
    Person,
)
from reference_server.tests.fakes import FakeMembers, World
from reference_server.web.app import create_app

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.testing import FlaskClient

PERSON = Person("https://login.example.com", "1", "org")
AWAY = "https://login.example.com/authorize?state=s"


class Login:
    """A login that ends as it is told."""

    def __init__(self, members: FakeMembers) -> None:
        self.members = members
        self.failure: LoginFailure | None = None
        self.seen: list[tuple[str | None, dict[str, str]]] = []

    def begin(self, path: str) -> BegunLogin:
        """Begin."""
        if self.failure is not None:
            raise LoginError(self.failure)
        return BegunLogin(AWAY, f"kept-{path}", 600)

    def finish(self, cookie: str | None, answer: Mapping[str, str]) -> FinishedLogin:
        """Finish."""
        self.seen.append((cookie, {**answer}))
        if self.failure is not None:
            raise LoginError(self.failure)
        return FinishedLogin(self.members.welcome(PERSON), "/after")


@pytest.fixture(name="world")
def made() -> World:
    return World()


@pytest.fixture(name="login")
def begun() -> Login:
    return Login(FakeMembers())


def client_of(world: World, login: Login | None) -> FlaskClient:
    world.replaced["identity"] = IdentityParts(FakeMembers(), login)
    app = create_app(world.settings, world.parts())
    return app.test_client(use_cookies=False)


def test_a_browser_is_sent_to_the_issuer_with_a_cookie(world: World, login: Login) -> None:
    answer = client_of(world, login).get("/login?next=/x")
    assert (answer.status_code, answer.location) == (303, AWAY)
    assert answer.headers["Set-Cookie"].startswith("__Host-hallmark-login=kept-/x;")
    for word in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=600"):
        assert word in answer.headers["Set-Cookie"]


def test_who_comes_back_has_a_session(world: World, login: Login) -> None:
    client = client_of(world, login)
    answer = client.get(
        "/login/callback?state=s&code=c&iss=i&more=x",
        headers={"Cookie": "__Host-hallmark-login=kept"},
    )
    assert (answer.status_code, answer.location) == (303, "/after")
    assert login.seen == [("kept", {"state": "s", "code": "c", "iss": "i"})]
    session, over = answer.headers.getlist("Set-Cookie")
    assert session.startswith("__Host-hallmark=")
    assert over.startswith("__Host-hallmark-login=;")
    assert world.types() == ["user.created", "login.succeeded", "session.issued"]
    told = client.get("/me", headers={"Cookie": session.partition(";")[0]}).json
    member = login.members.known[PERSON]
    assert told == {
        "tenantId": str(member.tenant_id),
        "userId": str(member.user_id),
        "roles": ["member"],
    }


@pytest.mark.parametrize(
    ("failure", "status", "word"),
    [
        (LoginFailure.COOKIE, 400, "login_failed"),
        (LoginFailure.STATE, 400, "login_failed"),
        (LoginFailure.TOKEN, 400, "login_failed"),
        (LoginFailure.EXCHANGE, 502, "login_failed"),
        (LoginFailure.UNINVITED, 403, "not_invited"),
    ],
)
def test_who_is_not_logged_in_has_no_session(
    world: World, login: Login, failure: LoginFailure, status: int, word: str
) -> None:
    login.failure = failure
    answer = client_of(world, login).get("/login/callback?state=s&code=c")
    assert (answer.status_code, answer.json) == (status, {"error": word})
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-hallmark-login=;")
    assert world.types() == ["login.failed"]


def test_a_login_is_not_begun_while_the_issuer_is_out(world: World, login: Login) -> None:
    login.failure = LoginFailure.EXCHANGE
    answer = client_of(world, login).get("/login")
    assert (answer.status_code, answer.json) == (502, {"error": "login_failed"})


def test_nobody_logs_in_where_nobody_can(world: World) -> None:
    client = client_of(world, None)
    assert client.get("/login").status_code == 404
    assert client.get("/me").status_code == 401
    assert client.post("/login").status_code == 401


def test_nobody_logs_in_where_no_cookie_is_looked_at(login: Login) -> None:
    world = World(changed={"token_chain": (TokenMethod.AUTHORIZATION,)})
    assert client_of(world, login).get("/login").status_code == 404
