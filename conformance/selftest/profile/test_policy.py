"""The profile's policy: what it allows, and mistakes that are told with their remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.profile.policy import Policy
from conformance.profile.reading import ProfileError, load
from conformance.selftest.judging import PROFILE

if TYPE_CHECKING:
    from pathlib import Path

IDENTITIES: dict[str, Any] = {"clerk": {}, "guest": {"nothing": True}}
RULED = '[policy.identities.clerk]\n[[policy.rules]]\nidentity = "clerk"\nallow = ["{}"]\n'


def policy_of(*rules: dict[str, Any], cells: list[dict[str, Any]] | None = None) -> Policy:
    document = {"identities": IDENTITIES, "rules": rules, "cells": cells or []}
    return Policy.model_validate(document)


def test_what_no_rule_allows_is_denied_and_deny_goes_before_allow() -> None:
    policy = policy_of(
        {"identity": "clerk", "allow": ["read_*", "delete_*"], "deny": ["delete_all"]},
        {"identity": ["guest", "clerk"], "allow": ["ping"]},
    )
    tools = ("ping", "read_x", "delete_x", "delete_all", "other")
    assert [policy.may("clerk", one) for one in tools] == [True, True, True, False, False]
    assert [policy.may("guest", one) for one in tools] == [True, False, False, False, False]
    assert policy.tools() == {"ping", "delete_all"}
    assert policy.tells_apart


def test_two_identities_that_may_the_same_are_not_told_apart() -> None:
    assert not policy_of({"identity": ["clerk", "guest"], "allow": ["*"]}).tells_apart


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[policy.rules]]\nidentity = "clark"\nallow = []', "'clark' is no identity"),
        ("[policy.identities.clerk]", "no rule tells what 'clerk' may call"),
        (
            '[policy.identities.clerk]\nnothing = true\nkey = { env = "KEY_A" }',
            "write one of key, session, claims and nothing",
        ),
        (
            RULED.format("ping")
            + '[[policy.cells]]\nidentity = "clerk"\ntool = "pay"\nverdict = "allow"',
            "a cell lets 'clerk' call 'pay', which no rule does",
        ),
        (
            RULED.format("ping").replace("]\n", ']\ntenant = "spare"\n', 1),
            "there is no [tenants.spare]",
        ),
        (
            RULED.format("ping").replace("]\n", ']\nclaims = { role = "x" }\n', 1),
            "write [channels.signing]",
        ),
    ],
)
def test_a_mistake_is_told_with_its_remedy(
    text: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KEY_A", "KEY_B", "KEY_REVOKED"):
        monkeypatch.setenv(name, f"value-of-{name}")
    path = tmp_path / "profile.toml"
    path.write_text(PROFILE + text, "utf-8")
    with pytest.raises(ProfileError) as caught:
        load(path)
    assert told in str(caught.value)
    assert "policy" in str(caught.value)


def test_a_credential_of_an_identity_is_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KEY_A", "KEY_B", "KEY_REVOKED", "CLERK"):
        monkeypatch.setenv(name, f"value-of-{name}")
    path = tmp_path / "profile.toml"
    text = '[policy.identities.clerk]\nkey = { env = "CLERK" }\n'
    path.write_text(f'{PROFILE}{text}[[policy.rules]]\nidentity = "clerk"\nallow = []', "utf-8")
    assert load(path).secrets()["value-of-CLERK"] == "policy.identities.clerk.key"
