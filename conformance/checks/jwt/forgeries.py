"""JWT: tokens that are forged without the key by which the target's own are signed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.channels.http.tokens import REFUSALS, TokenDesk
from conformance.checks.jwt._common import let_in, listed
from conformance.forge.jwt.corpus import Kind, corpus, signed_by_weak_keys, weak_keys
from conformance.forge.jwt.forging import forged
from conformance.forge.jwt.signing import is_signed_by, jwk_of, strangers_key
from conformance.model import Channel
from conformance.requirement import requirement

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.listener import Listener

FETCHED = "KeyElsewhere"
"""The flag of cases that tell where a key is to be fetched."""
SOON = 1.0
"""Seconds in which a key is fetched that a token leads to, once it was refused."""


@requirement("JWT-02")
def test_no_token_counts_that_was_forged_without_the_key(desk_of_keys: TokenDesk) -> None:
    """The valid token has the same claims and works before and after: only the signer differs."""
    desk_of_keys.establish()
    found = let_in(desk_of_keys.answers(Kind.KEYLESS, Kind.FOREIGN))
    assert not found, f"{len(found)} forged tokens were let in: {listed(found)}"
    desk_of_keys.establish_valid()


@requirement("JWT-02")
def test_a_forged_token_is_answered_with_a_refusal(desk_of_keys: TokenDesk) -> None:
    """One of each kind: whatever is wrong with it, it is refused, and breaks nothing."""
    desk_of_keys.establish()
    kinds = {case.flags for case in corpus()[Kind.KEYLESS]}
    answers = desk_of_keys.answers(Kind.KEYLESS, most=len(kinds))
    found = [f"{case.comment}: {answer}" for case, answer in answers if not _is_refused(answer)]
    assert not found, f"forged tokens were answered otherwise than refused: {listed(found)}"
    desk_of_keys.establish_valid()


@requirement("JWT-02")
def test_the_signing_secret_is_none_that_everybody_knows(desk: TokenDesk) -> None:
    """Nothing is sent for it: whoever has seen one token tries secrets at home.

    A token that is signed by a private key has no secret to be guessed.
    """
    desk.establish_valid()
    token = desk.token
    known = [
        name
        for name, key in weak_keys().items()
        if is_signed_by(token.signature, token.algorithm, key, token.signed)
    ]
    assert not known, f"the tokens are signed by a secret that examples have: {known[0]}"


@requirement("JWT-02")
def test_no_token_counts_that_is_signed_by_a_secret_that_everybody_knows(desk: TokenDesk) -> None:
    """The valid token is signed by another key: such a secret would count beside that.

    As a default that stayed, or one for tests. The signature alone differs from the valid token,
    and by HS256 the algorithm, where the target's tokens are signed by a private key.
    """
    desk.establish()
    own = desk.token.algorithm
    cases = signed_by_weak_keys(own if own.startswith("HS") else "HS256")
    found = let_in(desk.answers_to(cases))
    assert not found, f"tokens count that anybody signs: {listed(found)}"
    desk.establish_valid()


@requirement("JWT-02", also_needs=(Channel.TOKEN_SIGNER, Channel.LISTENER))
def test_no_key_is_fetched_from_where_a_token_says(desk: TokenDesk, listener: Listener) -> None:
    """The judge serves the key there by which the token is signed, and hears who asks for it."""
    desk.establish()
    origin = f"http://{listener.address}:{listener.port}/{listener.word()}"
    listener.serves = json.dumps({"keys": [_key(name) for name in ("RS256", "ES256")]}).encode()
    ring = replace(desk.ring, origin=origin)
    cases = [case for case in corpus()[Kind.KEYLESS] if FETCHED in case.flags]
    tried = [(case, desk.show(forged(case, desk.token, ring))) for case in cases]
    found = let_in(tried)
    assert not found, f"tokens that bring the address of a key were let in: {listed(found)}"
    call = listener.heard(origin.rpartition("/")[2], SOON)
    assert call is None, f"a token had the target fetch what it names: {call}"
    desk.establish_valid()


def _key(algorithm: str) -> dict[str, str]:
    return {**jwk_of(strangers_key(algorithm)), "use": "sig", "alg": algorithm}


def _is_refused(answer: Answer) -> bool:
    return answer.status in REFUSALS and not answer.executed
