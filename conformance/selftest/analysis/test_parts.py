"""What of a key is its own, so that a part of it gives it away."""

from __future__ import annotations

import secrets

import pytest

from conformance.analysis.parts import giving_away, own_part, recognizable
from conformance.forge.keys import random_key
from conformance.text.tokens import encoded

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


def _token(jti: str, signature: str) -> str:
    header = encoded(b'{"alg":"HS256","typ":"JWT"}')
    claims = f'{{"iss":"https://login.example.com","jti":"{jti}","aud":"everybody"}}'
    return f"{header}.{encoded(claims.encode())}.{signature}"


def test_a_token_is_given_away_by_its_signature_and_by_its_own_claims() -> None:
    ours, theirs = _token("0123456789abcdef", BODIES[0]), _token("fedcba9876543210", BODIES[1])
    found = giving_away(ours, [ours, theirs])
    assert found["the beginning of the signature"] == BODIES[0][:8]
    assert found["the end of the signature"] == BODIES[0][-8:]
    header, claims, _ = ours.split(".")
    theirs = theirs.split(".")[1]
    for place in ("the beginning", "the end"):
        part = found[f"{place} of the claims"]
        assert part in claims
        assert part not in theirs
    assert not any(part in header for part in found.values())


def test_the_claims_of_one_token_alone_may_be_those_of_all() -> None:
    token = _token("1", BODIES[0])
    assert {*giving_away(token, [token])} == {
        "the beginning of the signature",
        "the end of the signature",
    }


def test_what_is_no_token_is_given_away_as_a_key_is() -> None:
    assert giving_away(BODIES[0], BODIES) == recognizable(own_part(BODIES[0], BODIES))
