"""What of a key is its own, so that a part of it gives it away."""

from __future__ import annotations

import secrets

import pytest

from conformance.analysis.parts import own_part, recognizable
from conformance.forge.keys import random_key

BODIES = [random_key() for _ in range(5)]


@pytest.mark.parametrize("label", ["", "hm_live_", "tp_", "eyJhbGciOiJFUzI1NiJ9."])
@pytest.mark.parametrize("end", ["", "_end-of-all-keys"])
def test_what_all_keys_share_is_no_part_of_them(label: str, end: str) -> None:
    keys = [f"{label}{body}{end}" for body in BODIES]
    own = own_part(keys[0], keys)
    assert own in BODIES[0]
    assert len(own) >= len(BODIES[0]) - 4  # chance shares a character or two


@pytest.mark.parametrize("dot", [".", "_", "-"])
def test_a_public_name_before_the_secret_is_no_part_of_it(dot: str) -> None:
    names = [secrets.token_hex(4) for _ in BODIES]
    keys = [f"ak_{name}{dot}{body}" for name, body in zip(names, BODIES, strict=True)]
    assert own_part(keys[0], keys) in BODIES[0]
    assert names[0] not in recognizable(own_part(keys[0], keys)).values()


def test_one_credential_by_itself_has_a_label_at_most() -> None:
    assert own_part("op_" + "0123456789abcdef" * 2, []) == "0123456789abcdef" * 2
    assert own_part("0123456789abcdef" * 2, ["x"]) == "0123456789abcdef" * 2


def test_eight_characters_give_away_a_key_that_has_twice_as_many() -> None:
    own = "0123456789abcdef"
    assert recognizable(own) == {"the beginning": "01234567", "the end": "89abcdef"}
    assert recognizable(own[1:]) == {}
