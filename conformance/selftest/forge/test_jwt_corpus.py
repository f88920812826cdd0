"""The corpus of forged tokens: each case is what it says, by our own verifier and by PyJWT."""

from __future__ import annotations

import base64
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from conformance.forge.jwt.corpus import (
    Case,
    Kind,
    Result,
    corpus,
    one_of_each,
    signed_by_weak_keys,
    weak_keys,
)
from conformance.forge.jwt.forging import LackingError, Ring, forged, minted
from conformance.forge.jwt.published import forms_of
from conformance.forge.jwt.shape import Token
from conformance.forge.jwt.signing import by_private_key, by_secret, is_signed_by, jwk_of
from conformance.selftest.token_servers import (
    AUDIENCE,
    ISSUER,
    SECRET,
    RefusedError,
    Verifier,
    issued,
    pem_of,
    private_key,
    public_pem,
)
from conformance.text.tokens import decoded

if TYPE_CHECKING:
    from collections.abc import Iterator

ALGORITHMS = ("HS256", "RS256", "ES256")
LEAST = 400
WITHOUT_KEY = (Kind.KEYLESS, Kind.FOREIGN, Kind.FLIPPED, Kind.SPELLED)


def ring_of(algorithm: str) -> Ring:
    if algorithm == "HS256":
        return Ring(time.time(), origin="http://127.0.0.9:9/x", sign=by_secret(SECRET.encode()))
    return Ring(
        time.time(),
        published=({**jwk_of(private_key(algorithm)), "kid": "2026-11"},),
        origin="http://127.0.0.9:9/x",
        sign=by_private_key(pem_of(algorithm)),
    )


def made(algorithm: str, *kinds: Kind) -> Iterator[tuple[Case, str]]:
    token, ring = Token(issued("tenant-a", algorithm)), ring_of(algorithm)
    for kind in kinds:
        for case in corpus()[kind]:
            try:
                yield case, forged(case, token, ring)
            except LackingError:
                continue


def is_taken(text: str, algorithm: str) -> bool:
    try:
        return Verifier(algorithm).tenant(text) == "tenant-a"
    except (RefusedError, ValueError, KeyError, TypeError, AttributeError):
        return False


def test_there_are_enough_cases_and_each_has_its_number() -> None:
    cases = [case for group in corpus().values() for case in group]
    assert len(cases) >= LEAST
    assert [case.number for case in cases] == list(range(1, len(cases) + 1))
    comments = Counter((case.flags, case.comment) for case in cases)
    assert [comment for comment, count in comments.items() if count > 1] == []
    assert set(corpus()) == set(Kind)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_right_verifier_takes_what_is_valid_and_nothing_that_is_not(algorithm: str) -> None:
    by_result: dict[Result, list[str]] = {result: [] for result in Result}
    for case, text in made(algorithm, *Kind):
        if case.result is Result.ACCEPTABLE:
            continue
        if is_taken(text, algorithm) is (case.result is Result.INVALID):
            by_result[case.result].append(case.comment)
    assert by_result[Result.INVALID] == []
    assert by_result[Result.VALID] == []


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_library_of_others_refuses_what_was_forged_without_the_key(algorithm: str) -> None:
    """PyJWT reads base64 leniently, so that other spellings are left out."""
    key: Any = SECRET if algorithm == "HS256" else public_pem(algorithm)
    kinds = (Kind.KEYLESS, Kind.FOREIGN, Kind.FLIPPED)
    taken: list[str] = []
    for case, text in made(algorithm, *kinds):
        try:
            jwt.decode(text, key, algorithms=[algorithm], audience=AUDIENCE, issuer=ISSUER)
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
            continue
        taken.append(case.comment)
    assert taken == []


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_most_cases_can_be_made_of_a_token_of_any_algorithm(algorithm: str) -> None:
    cases = [case for kind in Kind for case in corpus()[kind]]
    lacking = len(cases) - sum(1 for _ in made(algorithm, *Kind))
    assert lacking < (80 if algorithm == "HS256" else 40)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_minted_token_is_one_that_a_library_takes(algorithm: str) -> None:
    token, ring = Token(issued("tenant-a", algorithm)), ring_of(algorithm)
    text = minted(token, ring)
    key: Any = SECRET if algorithm == "HS256" else public_pem(algorithm)
    claims = jwt.decode(text, key, algorithms=[algorithm], audience=AUDIENCE, issuer=ISSUER)
    assert claims["sub"] == token.claims["sub"]
    assert claims["jti"] != token.claims["jti"]
    assert claims["exp"] - claims["iat"] == pytest.approx(7200, abs=2)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_turned_bit_changes_the_bytes_and_another_spelling_does_not(algorithm: str) -> None:
    token = Token(issued("tenant-a", algorithm))
    for _, text in made(algorithm, Kind.FLIPPED):
        assert [decoded(part) for part in text.split(".")] != list(map(decoded, token.parts))
    spare = next(case for case in corpus()[Kind.SPELLED] if "spare bits" in case.comment)
    changed = forged(spare, token, ring_of(algorithm))
    assert changed != token.text
    signature = changed.split(".")[2]
    lenient = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    assert lenient == token.signature


def test_a_published_key_has_the_forms_in_which_it_is_kept() -> None:
    jwk = jwk_of(private_key("RS256"))
    forms = forms_of(jwk)
    assert forms["pem"] == public_pem("RS256")
    assert forms["pem-stripped"] == public_pem("RS256").strip()
    assert len(forms) > 15
    assert "pkcs1-pem" not in forms_of(jwk_of(private_key("ES256")))
    assert set(forms_of({"kty": "nonsense", "x": "!"})) == {
        *("jwk", "jwk-spaced", "jwk-needed", "jwks", "number")
    }


def test_a_known_secret_is_found_at_home() -> None:
    sample = "your-super-secret-jwt-token-with-at-least-32-characters-long"
    token = Token(jwt.encode({"sub": "x"}, sample, "HS256"))
    known = [
        name
        for name, key in weak_keys().items()
        if is_signed_by(token.signature, "HS256", key, token.signed)
    ]
    assert known == [repr(sample)]


def test_a_sample_that_is_base64_stands_for_its_bytes_as_well() -> None:
    sample = "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"
    assert weak_keys()[repr(sample)] == sample.encode()
    assert weak_keys()[f"what {sample!r} encodes"] == decoded(sample)
    assert "what 'changeme' encodes" not in weak_keys()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_a_known_secret_signs_no_right_verifier_takes(algorithm: str) -> None:
    token, ring = Token(issued("tenant-a", algorithm)), ring_of(algorithm)
    cases = signed_by_weak_keys("HS256")
    assert len(cases) >= 100
    assert not any(is_taken(forged(case, token, ring), algorithm) for case in cases)


def test_a_few_cases_are_of_many_kinds_and_others_each_time() -> None:
    cases = corpus()[Kind.KEYLESS]
    few = one_of_each(cases, 8, 0)
    assert len({case.flags for case in few}) == 8
    assert few[0].flags == cases[0].flags
    assert few != one_of_each(cases, 8, 1)
    assert one_of_each(cases, 10_000, 3) != ()


def test_a_token_lists_its_parts_in_its_own_words() -> None:
    token = Token(issued("tenant-a", "HS256", aud=["first", "second"]))
    with pytest.raises(ValueError, match="no signed token"):
        Token("no.token.at-all-0123456789")
    case = next(one for one in corpus()[Kind.ONE_CLAIM] if one.comment.startswith("half the aud"))
    text = forged(case, token, ring_of("HS256"))
    assert Token(text).claims["aud"] == "fir"
