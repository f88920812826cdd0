"""Which keys of a set verify, and which sets are none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reference_server.identity.jwks import MOST_KEYS, PoisonedSetError, read_key_set
from reference_server.tests.identity.issuing import KINDS, jwk, key_set


def test_each_kind_of_key_verifies_by_its_one_algorithm() -> None:
    found = read_key_set(key_set())
    assert {kid: key.algorithm for kid, key in found.items()} == {one: one for one in KINDS}


def test_a_key_that_says_little_counts() -> None:
    (key,) = read_key_set(key_set(jwk("ES256", use=None, alg=None))).values()
    assert key.algorithm == "ES256"


@pytest.mark.parametrize(
    "entry",
    [
        {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0", "kid": "x", "alg": "HS256"},
        jwk("RS256", "x", bits=1024),
        jwk("ES256", "x", use="enc"),
        jwk("ES256", "x", key_ops=["encrypt"]),
        jwk("ES256", "x", key_ops="verify"),
        jwk("RS256", "x", alg="PS256"),
        jwk("RS256", "x", alg="none"),
        jwk("ES256", "x", crv="P-384"),
        jwk("EdDSA", "x", d="AAAA"),
        jwk("EdDSA", "x", x="!"),
        jwk("RS256", "x") | {"kid": 7},
        jwk("RS256", "x") | {"kid": "y" * 256},
        {"kid": "x"},
    ],
)
def test_what_must_verify_nothing_is_left_out(entry: dict[str, Any]) -> None:
    assert set(read_key_set(key_set(jwk("RS256"), entry))) == {"RS256"}
    with pytest.raises(PoisonedSetError):
        read_key_set(key_set(entry))


@pytest.mark.parametrize(
    "document",
    [
        b"<!doctype html>",
        b"[" * 100_000,
        b"{}",
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": ["a", 1, null]}',
        key_set(jwk("RS256", "twice"), jwk("ES256", "twice")),
        key_set(jwk("RS256"), *({"kid": str(one)} for one in range(MOST_KEYS))),
    ],
)
def test_what_cannot_be_right_is_no_set(document: bytes) -> None:
    with pytest.raises(PoisonedSetError):
        read_key_set(document)


def test_what_is_no_key_is_passed_over() -> None:
    told = json.loads(key_set(jwk("RS256")))
    told["keys"] += ["a", None, 3]
    assert set(read_key_set(json.dumps(told).encode())) == {"RS256"}
