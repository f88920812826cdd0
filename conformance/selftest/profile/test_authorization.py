"""The profile's authorization server: who is signed in there, and mistakes with their remedy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from conformance.profile.reading import ProfileError, load
from conformance.selftest.profile.test_schema import BASE, problems

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.profile.target import Target

WHOLE = """
[authorization]
issuer = "https://as.example/realms/one"
scopes = ["mcp:read"]
[authorization.client]
id = "judge"
secret = { env = "CLIENT_SECRET" }
[authorization.users.alice]
cookies = { "__Host-sid" = { env = "COOKIE" } }
[authorization.users.bob]
tenant = "b"
forms = [{ email = "bob" }, { password = { env = "PASSWORD" } }]
[authorization.consent]
deny = { decision = "no" }
"""


def loaded(more: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    for name in ("CLIENT_SECRET", "COOKIE", "PASSWORD"):
        monkeypatch.setenv(name, f"value-of-{name}")
    path = tmp_path / "profile.toml"
    path.write_text(BASE + more, "utf-8")
    return load(path)


def test_users_have_cookies_and_forms_whose_secrets_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user's name may stand in the profile, and is no secret: nothing would be left of texts."""
    target = loaded(WHOLE, tmp_path, monkeypatch)
    alice, bob = target.authorization.users.values()
    assert (alice.tenant, alice.cookies) == ("a", {"__Host-sid": "value-of-COOKIE"})
    assert (bob.tenant, bob.forms) == (
        "b",
        ({"email": "bob"}, {"password": "value-of-PASSWORD"}),
    )
    assert target.secrets() == {
        "value-of-CLIENT_SECRET": "authorization.client.secret",
        "value-of-COOKIE": "authorization.users.alice.cookies.__Host-sid",
        "value-of-PASSWORD": "authorization.users.bob.forms.2.password",
    }
    assert problems(BASE + WHOLE) == []


def test_nothing_need_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = loaded("", tmp_path, monkeypatch).authorization
    assert (found.issuer, found.scopes, found.client, found.users) == (None, (), None, {})


def test_all_users_may_stand_in_the_state(tmp_path: Path) -> None:
    more = '[authorization]\nusers = { state = "users" }'
    path, state = tmp_path / "profile.toml", tmp_path / "state.json"
    path.write_text(BASE + more, "utf-8")
    state.write_text('{"users": {"a": {"cookies": {"sid": "told"}}}}', "utf-8")
    target = load(path, state=state)
    assert target.secrets() == {"told": "authorization.users.a.cookies.sid"}
    assert problems(BASE + more) == []


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('issuer = "as.example"', "is no http or https URL"),
        ('issuer = "https://as.example/?a"', "has a query or a fragment"),
        ("[authorization.users.a]", "nobody is signed in"),
        ("[authorization.users.a]\nforms = [{}]", "a form without fields"),
        ('[authorization.users.a]\ncookies = { sid = "x" }', "a secret must not stand"),
        ('[authorization.client]\nid = " "', "at least 1 character"),
        ("[authorization.client]", "is missing"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(
    more: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ProfileError) as caught:
        loaded(f"[authorization]\n{more}", tmp_path, monkeypatch)
    assert told in str(caught.value)
    assert "profile.toml:" in str(caught.value)


def test_a_claim_from_outside_is_no_secret(tmp_path: Path) -> None:
    """The URL of the target is a claim of tokens, and stands in every record."""
    more = '[tenants.a]\nid = "a"\nkey = { state = "a" }\n[tenants.b]\nid = "b"\n'
    more += 'key = { state = "b" }\n[channels.signing]\nsecret = { state = "s" }\n'
    more += '[policy.identities.one]\nclaims = { aud = { state = "url" } }\n'
    more += '[[policy.rules]]\nidentity = "one"\nallow = []\n'
    path, state = tmp_path / "profile.toml", tmp_path / "state.json"
    path.write_text(BASE + more, "utf-8")
    told = {"a": "key-of-a", "b": "key-of-b", "s": "signing-secret", "url": "http://127.0.0.1/mcp"}
    state.write_text(json.dumps(told), "utf-8")
    target = load(path, state=state)
    assert target.policy.identities["one"].claims == {"aud": "http://127.0.0.1/mcp"}
    assert set(target.secrets()) == {"key-of-a", "key-of-b", "signing-secret"}
