"""Logging in: a user's consent becomes a refresh token, and nothing else does."""

from __future__ import annotations

import stat
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from conformance.channels.oauth.kept import Kept, TokenError
from conformance.drafting.draft import Draft
from conformance.drafting.preparing import prepare
from conformance.drafting.survey import Surveyor
from conformance.profile.reading import from_url, load
from conformance.run.login import asked_of, forget, login
from conformance.selftest.authorizing import LoggingIn
from conformance.selftest.targets import serving
from conformance.text.redaction import Redactor

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.run.login import Asked

PROFILE = """
[target]
url = "{url}"
[tenants.a]
id = "tenant-a"
key = {{ oauth = {{ grant = "refresh_token", refresh_token = {{ file = "kept/a.json" }} }} }}
[tenants.b]
id = "tenant-b"
key = {{ command = ["print-b"] }}
"""


def asked(tmp_path: Path, url: str) -> Asked:
    path = tmp_path / "profile.toml"
    path.write_text(PROFILE.format(url=url), "utf-8")
    return asked_of(load(path), "a")


def visited(url: str) -> None:
    """Open the URL as a browser does, while the command waits."""
    threading.Thread(
        target=httpx.get, args=(url,), kwargs={"follow_redirects": True, "timeout": 10}, daemon=True
    ).start()


def test_a_consent_is_kept_by_its_owner_alone_and_forgotten(tmp_path: Path) -> None:
    handler = LoggingIn.anew()
    with serving(handler) as url:
        whose = asked(tmp_path, url)
        told = login(whose, visited, 20)
        path = tmp_path / "kept" / "a.json"
        kept = Kept.read(path)
        assert kept.refresh_token in handler.refreshing
        assert kept.client_id == "client-0"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "client-0" in told
        assert str(kept.refresh_token) not in told
        assert "was deleted" in forget(whose)
    assert not path.exists()
    assert handler.clients == {}


@pytest.mark.parametrize(
    ("answered", "said"),
    [
        ({"state": "another"}, "another request"),
        ({"iss": "https://other.example"}, "iss is another"),
        ({"iss": ""}, "or missing"),
        ({"code": ""}, "without a code"),
        ({"code": "", "error": "access_denied"}, "access_denied"),
        ({"error": "access_denied", "iss": "https://other.example"}, "iss is another"),
        ({"code": "made-up"}, "invalid_client"),
    ],
)
def test_an_answer_that_is_not_of_this_request_is_not_used(
    tmp_path: Path, answered: dict[str, str], said: str
) -> None:
    handler = LoggingIn.anew()
    handler.answered = answered
    with serving(handler) as url, pytest.raises(TokenError) as caught:
        login(asked(tmp_path, url), visited, 20)
    assert said in str(caught.value)
    assert "client-0 was deleted" in str(caught.value)
    assert handler.clients == {}
    assert not (tmp_path / "kept").exists()


def test_nobody_who_comes_back_ends_it_in_time(tmp_path: Path) -> None:
    with serving(LoggingIn.anew()) as url, pytest.raises(TokenError, match="nobody came back"):
        login(asked(tmp_path, url), lambda _: None, 0.6)


class WithoutPkce(LoggingIn):
    """Says nothing of PKCE."""

    def server_metadata(self) -> dict[str, Any]:
        """Leave it out."""
        return {k: v for k, v in super().server_metadata().items() if "challenge" not in k}


class OfAnother(LoggingIn):
    """Has the metadata of another resource."""

    def resource(self) -> dict[str, Any]:
        """Name it."""
        return super().resource() | {"resource": f"{self.origin}/other"}


class RegistersNobody(LoggingIn):
    """Knows its clients already."""

    def server_metadata(self) -> dict[str, Any]:
        """Leave the endpoint out."""
        return {k: v for k, v in super().server_metadata().items() if "registration" not in k}


class Elsewhere(LoggingIn):
    """Names an authorization server of another origin."""

    def resource(self) -> dict[str, Any]:
        """Name it."""
        return super().resource() | {"authorization_servers": ["http://127.0.0.1:1"]}


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (WithoutPkce, "S256"),
        (OfAnother, "[authorization] resource"),
        (RegistersNobody, "[authorization.client]"),
        (Elsewhere, "[authorization] issuer"),
    ],
)
def test_a_server_that_cannot_be_trusted_with_it_is_asked_for_nothing(
    tmp_path: Path, kind: type[LoggingIn], said: str
) -> None:
    handler = kind.anew()
    with serving(handler) as url, pytest.raises(TokenError) as caught:
        login(asked(tmp_path, url), visited, 20)
    assert said in str(caught.value)
    assert handler.asked == []


def test_the_command_names_what_a_profile_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "profile.toml"
    path.write_text(PROFILE.format(url="http://127.0.0.1:1/mcp"), "utf-8")
    assert prepare(["login", f"--profile={path}", "--tenant=b", "--no-browser"], "hallmark") == 4
    assert "tenants.b" in (told := capsys.readouterr().err)
    assert 'grant = "refresh_token"' in told
    assert prepare(["login", f"--profile={path}", "--tenant=a", "--forget"], "hallmark") == 4
    assert "a.json" in capsys.readouterr().err


def test_a_draft_tells_in_three_lines_how_tokens_are_got() -> None:
    redact = Redactor({})
    with serving(LoggingIn.anew()) as url:
        found = Surveyor(from_url(url), None, redact).ask()
    lines = Draft(found, redact, None, None).text().splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("# Tokens come from"))
    told = lines[start : start + 3]
    assert "127.0.0.1" in told[0]
    assert "refresh_token" in told[1]
    assert "login" in told[2]
