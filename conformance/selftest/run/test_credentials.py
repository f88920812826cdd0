"""Credentials that a run gets: by a command, by a grant; renewed in time, and never shown."""

from __future__ import annotations

import json
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from conformance.channels.oauth.kept import Kept, TokenError
from conformance.channels.oauth.tokens import seconds_in
from conformance.profile.credentials import Words, to_be_got
from conformance.profile.reading import ProfileError, load
from conformance.run.credentials import is_due, printed, with_values
from conformance.selftest.authorizing import Granting
from conformance.selftest.judging import Judged, judge
from conformance.selftest.profile.test_schema import problems
from conformance.selftest.targets import serving

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """
[target]
url = "http://127.0.0.1/"
[headers]
api_key = "Authorization"
api_key_scheme = "Bearer"
[answers]
unauthorized = { error = "unauthorized" }
[tools]
ping = "ping"
"""
OF_B = 'grant = "refresh_token", refresh_token = { file = "b.json" }'
OF_A = 'grant = "client_credentials", client_id = "judge", client_secret = { file = "secret" }'
GRANTED = f"""{HEAD}
[tenants.a]
id = "tenant-a"
key = {{ oauth = {{ {OF_A} }} }}
[tenants.b]
id = "tenant-b"
key = {{ oauth = {{ {OF_B} }} }}
"""
CHECKS = "--requirement=AUTH-01,AUTH-05,AUTH-10"


def prepared(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(Granting.client[1], "utf-8")
    kept = {"client_id": Granting.client[0], "refresh_token": "refresh-of-b-0123456789"}
    (tmp_path / "b.json").write_text(json.dumps(kept), "utf-8")


def judged(tmp_path: Path, handler: type[Granting], *words: str, profile: str = GRANTED) -> Judged:
    prepared(tmp_path)
    with serving(handler) as url:
        return judge(tmp_path, f"--target={url}", CHECKS, *words, profile=profile)


def of_b() -> type[Granting]:
    return Granting.anew(**{"refresh-of-b-0123456789": "tenant-b"})


@pytest.mark.parametrize("words", [(), ("-n", "2")], ids=["alone", "in parallel"])
def test_grants_give_what_the_checks_present(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Two workers share what was got: a refresh token used twice would have ended all."""
    handler = of_b()
    found = judged(tmp_path, handler, *words)
    assert set(found.verdicts.values()) == {"pass"}, found.output[-2000:]
    assert [one["grant_type"] for one in handler.asked] == ["client_credentials", "refresh_token"]
    assert all(one["resource"].endswith("/mcp") for one in handler.asked)
    told = (found.folder / "run.jsonl").read_text("utf-8") + found.output
    assert not [one for one in (*handler.known, *handler.refreshing) if one in told]
    assert Granting.client[1] not in told


def test_a_rotated_refresh_token_is_kept_by_its_owner_alone(tmp_path: Path) -> None:
    handler = of_b()
    judged(tmp_path, handler)
    path = tmp_path / "b.json"
    kept = json.loads(path.read_text("utf-8"))
    assert kept["refresh_token"] in handler.refreshing
    assert kept["client_id"] == Granting.client[0]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {one.name for one in tmp_path.iterdir()} >= {"b.json", "secret"}
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".b.json")]


def test_a_token_that_ends_soon_is_got_anew_while_the_run_goes_on(tmp_path: Path) -> None:
    handler = of_b()
    handler.life = 1
    found = judged(tmp_path, handler)
    assert set(found.verdicts.values()) == {"pass"}, found.output[-2000:]
    grants = [one["grant_type"] for one in handler.asked]
    assert len(grants) >= 2
    told = (found.folder / "run.jsonl").read_text("utf-8") + found.output
    assert not [one for one in handler.known if one in told]


def test_a_refused_grant_ends_the_run_with_the_entry_and_the_remedy(tmp_path: Path) -> None:
    found = judged(tmp_path, Granting.anew())
    assert found.code == 4
    assert "tenants.b.key" in found.output
    assert "invalid_grant" in found.output
    assert "python -m conformance login" in found.output
    assert "refresh-of-b" not in found.output


def test_a_command_prints_a_token_or_json(tmp_path: Path) -> None:
    handler = Granting.anew()
    handler.known["token-of-a-0123456789"] = "tenant-a"
    handler.known["token-of-b-0123456789"] = "tenant-b"
    print_b = json.dumps({"access_token": "token-of-b-0123456789", "expires_in": 3600})
    profile = f"""{HEAD}
[tenants.a]
id = "tenant-a"
key = {{ command = ["{sys.executable}", "-c", "print('token-of-a-0123456789')"] }}
[tenants.b]
id = "tenant-b"
key = {{ command = ["{sys.executable}", "-c", '''print('{print_b}')'''] }}
"""
    found = judged(tmp_path, handler, profile=profile)
    assert set(found.verdicts.values()) == {"pass"}, found.output[-2000:]
    told = (found.folder / "run.jsonl").read_text("utf-8") + found.output
    assert not [one for one in handler.known if one in told]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["no-such-program-anywhere"], "cannot be run"),
        ([sys.executable, "-c", "raise SystemExit(3)"], "ended with 3"),
        ([sys.executable, "-c", "print('two words')"], "printed neither"),
        ([sys.executable, "-c", "print('{}')"], "printed neither"),
        ([sys.executable, "-c", ""], "printed neither"),
    ],
)
def test_a_command_that_gives_nothing_is_told(
    tmp_path: Path, command: list[str], told: str
) -> None:
    profile = f'{HEAD}[tenants.a]\nid = "a"\nkey = {{ command = {json.dumps(command)} }}\n'
    profile += '[tenants.b]\nid = "b"\nkey = { env = "KEY_B" }\n'
    found = judged(tmp_path, Granting.anew(), profile=profile)
    assert found.code == 4
    assert "tenants.a.key" in found.output
    assert told in found.output


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ('{ oauth = { grant = "password" } }', "grant"),
        ('{ oauth = { grant = "refresh_token" } }', "refresh_token = { file = PATH }"),
        (
            '{ oauth = { grant = "client_credentials", client_secret = { env = "KEY_A" } } }',
            "write both",
        ),
        (
            '{ oauth = { grant = "client_credentials", client_id = "x", client_secret = "y" } }',
            "secret",
        ),
        ('{ oauth = { grant = "client_credentials", clinet = "x" } }', "unknown key"),
        ("{ command = [] }", "command"),
        ('{ command = "print" }', "command"),
    ],
)
def test_a_way_that_is_told_wrongly_is_an_error_of_the_profile(
    tmp_path: Path, key: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_A", "a-secret-0123456789")
    text = f'{HEAD}[tenants.a]\nid = "a"\nkey = {key}\n[tenants.b]\nid = "b"\n'
    text += 'key = { env = "KEY_A" }\n'
    path = tmp_path / "profile.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ProfileError) as caught:
        load(path)
    assert told in str(caught.value)
    assert "tenants.a.key" in str(caught.value)
    if "write" not in told and "{" not in told:  # a schema knows of no entry that needs another
        assert problems(text)


def test_it_stands_open_until_it_is_got_and_no_secret_is_lost(tmp_path: Path) -> None:
    prepared(tmp_path)
    path = tmp_path / "profile.toml"
    path.write_text(GRANTED, "utf-8")
    target = load(path)
    assert problems(GRANTED) == []
    assert target.tenants is not None
    assert target.tenants.a.key == to_be_got("tenants.a.key")
    assert target.secrets() == {Granting.client[1]: "tenants.a.key.client_secret"}
    filled = with_values(target, {"tenants.a.key": "one", "tenants.b.key": "two"})
    assert filled.tenants is not None
    assert (filled.tenants.a.key, filled.tenants.b.key) == ("one", "two")
    assert set(filled.recipes) == {"tenants.a.key", "tenants.b.key"}
    assert set(filled.secrets()) == {Granting.client[1], "one", "two"}


def test_what_has_no_end_is_got_once() -> None:
    assert is_due(None, 100)
    assert not is_due({"value": "x"}, 100)
    assert is_due({"value": "x", "due": 99}, 100)
    assert not is_due({"value": "x", "due": 101}, 100)


@pytest.mark.parametrize("told", [None, True, "soon", -1, "nan", [], 0])
def test_what_is_no_life_is_none(told: object) -> None:
    assert seconds_in({"expires_in": told}) is None
    assert seconds_in({"expires_in": "60"}) == 60


def test_a_file_is_a_token_or_json(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(" refresh-0123456789\n", "utf-8")
    kept = Kept.read(path)
    assert (kept.refresh_token, kept.client) == ("refresh-0123456789", None)
    kept.write(path)
    assert path.read_text("utf-8") == "refresh-0123456789\n"
    for text in ("", "{", "{no}"):
        path.write_text(text, "utf-8")
        with pytest.raises(TokenError, match="login"):
            Kept.read(path)
    with pytest.raises(TokenError, match="login"):
        Kept.read(tmp_path / "absent")


def test_words_that_print_a_token_are_a_way_too() -> None:
    words = Words(command=(sys.executable, "-c", "print('  abc  ')"))
    assert printed(words, "tenants.a.key").value == "abc"
