"""Login by an issuer: which browser, which answer, which ID token, and who may sign up."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from reference_server.core.text import base64url
from reference_server.identity.contracts import LoginError, LoginFailure, Person
from reference_server.identity.definitions import LoginClient, TrustedIssuer
from reference_server.identity.issuers import Issuer
from reference_server.identity.login import LIFE_SECONDS, OidcLogin, own_path
from reference_server.outbound.documents import DocumentError
from reference_server.sessions.proxy import MemoryNonces
from reference_server.tests.fakes import FakeClock, FakeMembers
from reference_server.tests.identity.issuing import (
    CLIENT,
    ISSUER,
    KINDS,
    NOW,
    ORGANIZATION,
    Memory,
    documents,
    signed,
)

BACK = "https://mcp.example.com/login/callback"
CLIENT_OF_OURS = LoginClient(
    client_id=CLIENT, redirect_uri=BACK, sign_up=("@acme.example", "one@other.example")
)
TOLD = TrustedIssuer(issuer=ISSUER, organization=ORGANIZATION, login=CLIENT_OF_OURS)
KNOWN = Person(ISSUER, "276", "777", "alice@nowhere.example", None)


class World:
    """A login part, and the issuer that it asks."""

    def __init__(self) -> None:
        self.clock, self.members, self.documents = FakeClock(), FakeMembers(), documents()
        self.clock.time = datetime.fromtimestamp(NOW, UTC)
        self.members.welcome(KNOWN)
        self.login = OidcLogin(
            Issuer(TOLD, self.documents, self.clock),
            CLIENT_OF_OURS,
            self.members,
            self.clock,
            MemoryNonces(),
            b"k" * 32,
            "s3cret:x",
        )
        self.begun = self.login.begin("/after")
        self.asked = {
            name: values[0] for name, values in parse_qs(urlsplit(self.begun.url).query).items()
        }

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return those of a right ID token."""
        return {
            "iss": ISSUER,
            "aud": CLIENT,
            "sub": "276",
            "iat": NOW,
            "exp": NOW + 300,
            "nonce": self.asked["nonce"],
            "email": "alice@nowhere.example",
            "email_verified": True,
            ORGANIZATION: "777",
            **changes,
        }

    def answer(self, **changes: Any) -> dict[str, str]:
        """Return what a right answer holds."""
        told = {"state": self.asked["state"], "code": "code-1", "iss": ISSUER, **changes}
        return {name: one for name, one in told.items() if one is not None}

    def serve(self, token: str) -> None:
        """Have the token endpoint answer with an ID token."""
        self.documents.held[f"{ISSUER}/token"] = json.dumps({"id_token": token}).encode()

    def finish(self, cookie: str | None = "", **changes: Any) -> Any:
        """Come back with the right cookie, unless told otherwise."""
        return self.login.finish(
            self.begun.cookie if cookie == "" else cookie, self.answer(**changes)
        )

    def failure(self, cookie: str | None = "", **changes: Any) -> LoginFailure:
        """Come back in vain; return why it was."""
        with pytest.raises(LoginError) as caught:
            self.finish(cookie, **changes)
        return caught.value.failure


@pytest.fixture(name="world")
def made() -> World:
    return World()


@pytest.mark.parametrize("algorithm", KINDS)
def test_a_right_token_logs_in(world: World, algorithm: str) -> None:
    world.serve(signed(world.claims(), "JWT", algorithm))
    finished = world.finish()
    assert finished.path == "/after"
    assert finished.member == world.members.known[KNOWN]


def test_the_code_is_asked_for_and_exchanged_with_pkce(world: World) -> None:
    world.serve(signed(world.claims(), None))
    world.finish()
    (form,), (headers,) = world.documents.forms, world.documents.headers
    challenge = base64url(hashlib.sha256(form["code_verifier"].encode()).digest())
    assert (world.asked["code_challenge"], world.asked["code_challenge_method"]) == (
        challenge,
        "S256",
    )
    assert (form["code"], form["redirect_uri"]) == ("code-1", BACK)
    assert headers["Authorization"] == "Basic aGFsbG1hcmstd2ViOnMzY3JldCUzQXg="
    assert len({world.asked["state"], world.asked["nonce"], form["code_verifier"]}) == 3


@pytest.mark.parametrize("cookie", [None, "x", "1.2.3", f"{NOW + 60}.other.Lw"])
def test_another_browser_does_not_finish(world: World, cookie: str | None) -> None:
    world.serve(signed(world.claims(), "JWT"))
    assert world.failure(cookie) in {LoginFailure.COOKIE, LoginFailure.STATE}
    assert not world.documents.forms


def test_a_cookie_that_was_changed_does_not_finish(world: World) -> None:
    ends, secret, path = world.begun.cookie.split(".")
    other = base64url(b"/elsewhere")
    for cookie in (f"{ends}.{secret}.{other}", f"{int(ends) - 1}.{secret}.{path}"):
        assert world.failure(cookie) is LoginFailure.STATE


def test_a_login_ends_and_is_finished_once(world: World) -> None:
    world.serve(signed(world.claims(), "JWT"))
    world.finish()
    assert world.failure() is LoginFailure.STATE
    late = World()
    late.clock.advance(LIFE_SECONDS)
    assert late.failure() is LoginFailure.COOKIE


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"state": "x"}, LoginFailure.STATE),
        ({"state": None}, LoginFailure.STATE),
        ({"iss": None}, LoginFailure.ISSUER),
        ({"iss": f"{ISSUER}/"}, LoginFailure.ISSUER),
        ({"code": None}, LoginFailure.DENIED),
        ({"code": "x" * 3000}, LoginFailure.EXCHANGE),
    ],
)
def test_another_answer_is_refused(
    world: World, changes: dict[str, Any], failure: LoginFailure
) -> None:
    world.serve(signed(world.claims(), "JWT"))
    assert world.failure(**changes) is failure


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id_token": 1}', DocumentError("out")])
def test_a_code_that_is_not_exchanged_is_refused(world: World, body: Any) -> None:
    world.documents.held[f"{ISSUER}/token"] = body
    assert world.failure() is LoginFailure.EXCHANGE


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"aud": "other"},
        {"aud": ["other", "third"]},
        {"aud": [CLIENT, "other"]},
        {"aud": [CLIENT, "other"], "azp": "other"},
        {"azp": "other"},
        {"aud": None},
        {"exp": NOW},
        {"exp": None},
        {"iat": NOW + 60},
        {"iat": None},
        {"nbf": NOW + 60},
        {"nonce": "x"},
        {"nonce": None},
        {"sub": None},
        {ORGANIZATION: None},
        {ORGANIZATION: 777},
    ],
    ids=str,
)
def test_one_wrong_claim_is_enough(world: World, changes: dict[str, Any]) -> None:
    world.serve(signed(world.claims(**changes), "JWT"))
    assert world.failure() is LoginFailure.TOKEN


def test_a_token_for_several_names_the_client_that_asked(world: World) -> None:
    world.serve(signed(world.claims(aud=[CLIENT, "other"], azp=CLIENT), "JWT"))
    assert world.finish().member == world.members.known[KNOWN]


def test_an_access_token_logs_nobody_in(world: World) -> None:
    world.serve(signed(world.claims(), "at+jwt"))
    assert world.failure() is LoginFailure.TOKEN


@pytest.mark.parametrize(
    ("email", "verified", "is_invited"),
    [
        ("new@acme.example", True, True),
        ("new@ACME.example", True, True),
        ("one@other.example", True, True),
        ("new@acme.example", False, False),
        ("new@acme.example", None, False),
        ("new@acme.example", "true", False),
        ("two@other.example", True, False),
        ("new@evil-acme.example", True, False),
        ("new@sub.acme.example", True, False),
        ("@acme.example@evil.example", True, False),
        ("acme.example", True, False),
        (None, True, False),
    ],
)
def test_the_list_decides_who_may_sign_up(
    world: World, email: str | None, verified: Any, *, is_invited: bool
) -> None:
    told = world.claims(sub="new", email=email, email_verified=verified)
    world.serve(signed(told, "JWT"))
    if is_invited:
        assert world.finish().member.is_new
    else:
        assert world.failure() is LoginFailure.UNINVITED
        assert len(world.members.known) == 1


def test_a_list_may_let_everybody_in(world: World) -> None:
    world.login = replace(world.login, client=replace(CLIENT_OF_OURS, sign_up=("*",)))
    world.serve(signed(world.claims(sub="new", email=None), "JWT"))
    assert world.finish().member.is_new


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/a\\b",
        "/\n",
        "x",
        "",
        "/" + "x" * 2048,
    ],
)
def test_nobody_is_sent_elsewhere(path: str) -> None:
    assert own_path(path) == "/"


def test_a_long_path_is_gone_on_at(world: World) -> None:
    path = f"/oauth/authorize?{'x' * 1900}"
    begun = world.login.begin(path)
    assert len(begun.cookie) < 3000
    attempt = world.login.attempt(begun.cookie)
    assert attempt is not None
    assert attempt.path == path


def test_nobody_logs_in_while_the_issuer_is_out() -> None:
    login = OidcLogin(
        Issuer(TOLD, Memory(), FakeClock()),
        CLIENT_OF_OURS,
        FakeMembers(),
        FakeClock(),
        MemoryNonces(),
        b"k" * 32,
    )
    with pytest.raises(LoginError):
        login.begin("/")
