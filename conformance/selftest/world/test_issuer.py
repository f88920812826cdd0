"""The judge's issuer: a real one for who is honest, and another for who has the control word."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest

from conformance.channels.http.issuing import JudgesIssuer
from conformance.channels.http.oauth import s256
from conformance.profile.issuing import IssuedTokens, IssuerChannel
from conformance.profile.sections import Resolved
from conformance.verdicts import NotEstablishedError
from conformance.world.issuer.keys import ALGORITHMS, ENORMOUS_BYTES
from conformance.world.issuer.minting import Mode, Recipe, Signer
from conformance.world.issuer.server import Issuer, read_setup

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

CONTROL = "a-word-that-nobody-guesses"
AMPLE = 20.0
BACK = "http://127.0.0.1:7777/login/callback"
AUDIENCE = "https://notes.example.com/mcp"
SETUP: dict[str, Any] = {
    "path": "/realms/hallmark",
    "audience": AUDIENCE,
    "users": {"alice": {"org": "a", "email": "alice@example.com"}},
    "clients": {
        "web": {
            "secret": "s3cret:with a colon",
            "redirect_uris": ["http://127.0.0.1/login/callback"],
        },
        "native": {"redirect_uris": ["https://native.example.com/back"]},
    },
}
ACCESS = IssuedTokens(a="alice", scope="notes", client="native")


@contextmanager
def serving(folder: Path) -> Generator[JudgesIssuer]:
    """Serve while the block lasts."""
    file = folder / "setup.json"
    file.write_text(json.dumps(SETUP), encoding="utf-8")
    with Issuer(("127.0.0.1", 0), CONTROL, partial(read_setup, file)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield channel(server.setup.url)
        finally:
            server.shutdown()
            thread.join(AMPLE)


@pytest.fixture(name="issuer")
def started(tmp_path: Path) -> Iterator[JudgesIssuer]:
    with serving(tmp_path) as issuer:
        yield issuer


def channel(url: str, control: str = CONTROL) -> JudgesIssuer:
    section = {"url": url, "control": Resolved(control)}
    return JudgesIssuer(IssuerChannel.model_validate(section))


def fetched(issuer: JudgesIssuer, path: str, **more: Any) -> httpx.Response:
    with httpx.Client(trust_env=False, timeout=AMPLE) as client:
        return client.request(more.pop("method", "GET"), issuer.channel.url + path, **more)


def keys_of(issuer: JudgesIssuer) -> list[dict[str, Any]]:
    return fetched(issuer, "/jwks").json()["keys"]


def opened(token: str, issuer: JudgesIssuer, **more: Any) -> dict[str, Any]:
    """Return a token's claims, as PyJWT verifies them by the published keys."""
    kid = jwt.get_unverified_header(token)["kid"]
    (key,) = [jwt.PyJWK(one) for one in keys_of(issuer) if one["kid"] == kid]
    url = issuer.channel.url
    return jwt.decode(token, key, algorithms=[key.algorithm_name], issuer=url, **more)


def begun(issuer: JudgesIssuer, client: str = "web", back: str = BACK) -> str:
    asked = {
        "client_id": client,
        "redirect_uri": back,
        "response_type": "code",
        "scope": "openid email",
        "state": "state-1",
        "nonce": "nonce-1",
        "code_challenge": s256("v" * 43),
        "code_challenge_method": "S256",
    }
    return f"{issuer.channel.url}/authorize?{httpx.QueryParams(asked)}"


def exchanged(issuer: JudgesIssuer, location: str, **more: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "code": parse_qs(urlsplit(location).query)["code"][0],
        "redirect_uri": BACK,
        "code_verifier": "v" * 43,
        **more,
    }
    secret = ("web", SETUP["clients"]["web"]["secret"])
    basic = httpx.BasicAuth(*(str(httpx.QueryParams({"": one}))[1:] for one in secret))
    return fetched(issuer, "/token", method="POST", data=form, auth=basic)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_tokens_verify_by_the_keys_that_discovery_leads_to(
    issuer: JudgesIssuer, algorithm: str
) -> None:
    told = fetched(issuer, "/.well-known/openid-configuration").json()
    assert (told["issuer"], told["jwks_uri"]) == (
        issuer.channel.url,
        f"{issuer.channel.url}/jwks",
    )
    token = issuer.access_token(ACCESS, "alice", Recipe(algorithm=algorithm))
    claims = opened(token, issuer, audience=AUDIENCE)
    assert (claims["sub"], claims["org"], claims["client_id"]) == ("alice", "a", "native")
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"


def test_a_browser_logs_in_by_the_form_and_its_code_is_good_once(issuer: JudgesIssuer) -> None:
    url = begun(issuer)
    page = fetched(issuer, f"/authorize?{urlsplit(url).query}")
    assert "<form" in page.text
    form = {"user": "alice", "request": urlsplit(url).query}
    sent = fetched(issuer, "/authorize", method="POST", data=form)
    answer = parse_qs(urlsplit(sent.headers["location"]).query)
    assert (answer["state"], answer["iss"]) == (["state-1"], [issuer.channel.url])
    told = exchanged(issuer, sent.headers["location"])
    claims = opened(told.json()["id_token"], issuer, audience="web")
    assert (claims["nonce"], claims["email"]) == ("nonce-1", "alice@example.com")
    shown = {"Authorization": f"Bearer {told.json()['access_token']}"}
    assert fetched(issuer, "/userinfo", headers=shown).json()["sub"] == "alice"
    assert fetched(issuer, "/userinfo").status_code == 401
    assert exchanged(issuer, sent.headers["location"]).status_code == 400
    again = exchanged(
        issuer,
        sent.headers["location"],
        grant_type="refresh_token",
        refresh_token=told.json()["refresh_token"],
    )
    assert "access_token" in again.json()


@pytest.mark.parametrize(
    "wrong", [{"code_verifier": "w" * 43}, {"redirect_uri": "http://127.0.0.1/other"}]
)
def test_a_code_is_refused_to_who_did_not_ask_for_it(
    issuer: JudgesIssuer, wrong: dict[str, str]
) -> None:
    assert exchanged(issuer, issuer.log_in(begun(issuer), "alice"), **wrong).status_code == 400


def test_nobody_is_sent_to_where_no_client_is(issuer: JudgesIssuer) -> None:
    with pytest.raises(NotEstablishedError, match="400"):
        issuer.log_in(begun(issuer, "native", BACK), "alice")
    with pytest.raises(NotEstablishedError, match="400"):
        issuer.log_in(begun(issuer), "nobody")


def test_what_is_different_about_a_login_is_what_was_asked_for(issuer: JudgesIssuer) -> None:
    recipe = Recipe(claims={"nonce": None, "iss": "https://evil.example"}, header={"typ": "x"})
    location = issuer.log_in(begun(issuer), "alice", {"sub": "new"}, recipe, {"iss": None})
    assert "iss=" not in location
    token = exchanged(issuer, location).json()["id_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["sub"], claims["iss"], "nonce" in claims) == (
        "new",
        "https://evil.example",
        False,
    )
    assert jwt.get_unverified_header(token)["typ"] == "x"


def test_keys_are_exchanged_kept_and_withdrawn(issuer: JudgesIssuer) -> None:
    first = issuer.access_token(ACCESS, "alice")
    issuer.rotate("RS256", keeps=True)
    second = issuer.access_token(ACCESS, "alice")
    assert opened(first, issuer, audience=AUDIENCE)["sub"] == "alice"
    issuer.rotate("RS256", keeps=False)
    with pytest.raises(ValueError, match="unpack"):
        opened(second, issuer, audience=AUDIENCE)
    gone = issuer.access_token(ACCESS, "alice", Recipe(signer=Signer.WITHDRAWN))
    assert jwt.get_unverified_header(gone)["kid"] == jwt.get_unverified_header(second)["kid"]


def test_a_key_that_joins_the_set_is_of_concern_to_who_asks_for_it_alone(
    issuer: JudgesIssuer,
) -> None:
    before = issuer.access_token(ACCESS, "alice")
    for _ in range(6):
        recipe = issuer.add_key("ES256")
        assert opened(issuer.access_token(ACCESS, "alice", recipe), issuer, audience=AUDIENCE)
    after = issuer.access_token(ACCESS, "alice")
    kids = [jwt.get_unverified_header(one)["kid"] for one in (before, after)]
    assert len(set(kids)) == 1
    assert len(keys_of(issuer)) == len(ALGORITHMS) + 4


@pytest.mark.parametrize("signer", [Signer.STRANGER, Signer.UNKNOWN, Signer.NOBODY, Signer.PUBLIC])
def test_strangers_sign_nothing_that_verifies(issuer: JudgesIssuer, signer: Signer) -> None:
    token = issuer.access_token(ACCESS, "alice", Recipe(signer=signer))
    with pytest.raises((jwt.InvalidTokenError, ValueError)):
        opened(token, issuer, audience=AUDIENCE)


@pytest.mark.parametrize(
    ("mode", "signer", "kind"),
    [
        (Mode.SYMMETRIC, Signer.SYMMETRIC, "oct"),
        (Mode.WEAK, Signer.WEAK, "RSA"),
        (Mode.ENCRYPTING, Signer.ENCRYPTING, "RSA"),
    ],
)
def test_a_poisoned_set_has_the_key_that_signs(
    issuer: JudgesIssuer, mode: Mode, signer: Signer, kind: str
) -> None:
    token = issuer.access_token(ACCESS, "alice", Recipe(signer=signer))
    kid = jwt.get_unverified_header(token)["kid"]
    assert kid not in [one["kid"] for one in keys_of(issuer)]
    with issuer.answering(mode):
        (key,) = [one for one in keys_of(issuer) if one["kid"] == kid]
    assert key["kty"] == kind
    if mode is not Mode.WEAK:
        jwt.decode(token, jwt.PyJWK(key, key["alg"]), [key["alg"]], audience=AUDIENCE)


def test_each_mode_answers_as_it_is_called(issuer: JudgesIssuer) -> None:
    right = keys_of(issuer)
    with issuer.answering(Mode.ERROR):
        assert fetched(issuer, "/.well-known/openid-configuration").status_code == 503
    with issuer.answering(Mode.CLOSED), pytest.raises(httpx.RemoteProtocolError):
        fetched(issuer, "/jwks")
    with issuer.answering(Mode.EMPTY):
        assert keys_of(issuer) == []
    with issuer.answering(Mode.GARBAGE), pytest.raises(ValueError, match="Expecting"):
        keys_of(issuer)
    with issuer.answering(Mode.AMBIGUOUS):
        assert [one["kid"] for one in keys_of(issuer)][:3] == [one["kid"] for one in right]
    with issuer.answering(Mode.ENORMOUS):
        whole = fetched(issuer, "/jwks")
    assert len(whole.content) > ENORMOUS_BYTES
    assert whole.json()["keys"][-len(right) :] == right
    assert keys_of(issuer) == right


@pytest.mark.parametrize("mode", [Mode.SILENT, Mode.ENDLESS])
def test_who_is_kept_waiting_is_let_go_at_the_end(tmp_path: Path, mode: Mode) -> None:
    def ask(issuer: JudgesIssuer) -> None:
        with suppress(httpx.TransportError, ValueError):
            keys_of(issuer)

    with serving(tmp_path) as issuer:
        issuer.answer(mode)
        waiting = threading.Thread(target=ask, args=(issuer,), daemon=True)
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        began = time.monotonic()
    waiting.join(AMPLE)
    assert time.monotonic() - began < AMPLE


def test_it_counts_what_was_fetched(issuer: JudgesIssuer) -> None:
    before = issuer.key_fetches
    keys_of(issuer)
    assert issuer.key_fetches == before + 1


def test_who_does_not_know_the_control_word_mints_nothing(issuer: JudgesIssuer) -> None:
    with pytest.raises(NotEstablishedError, match="start it by"):
        channel(issuer.channel.url, "another-word").access_token(ACCESS, "alice")
