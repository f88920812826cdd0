"""AUTH, continued: what a 401 says of how to authenticate. No key is needed to see that."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.channels.http.challenge import challenges, errors_of_bearer
from conformance.forge.requests import opening
from conformance.profile.signing import Way
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError, establish

if TYPE_CHECKING:
    from conformance.channels.http.wire import Wire
    from conformance.channels.oauth.metadata import Metadata
    from conformance.forge.keys import Keys

UNAUTHORIZED = HTTPStatus.UNAUTHORIZED
BEARER = Way(header="Authorization", scheme="Bearer")
INVALID = "invalid_token"


@requirement("AUTH-16")
def test_a_refusal_carries_a_challenge(wire: Wire, keys_or_random: Keys) -> None:
    """RFC 9110 has a server send one with every 401, whatever was asked: a scheme at least."""
    probe = opening(wire.revision)
    for method in ("POST", "GET", "DELETE"):
        for key in (None, keys_or_random.random()):
            answer = wire.send(probe.but(method=method), key=key)
            if answer.status == UNAUTHORIZED:
                told = answer.header("www-authenticate") or ""
                assert challenges(told), f"{method}: a 401 came with the challenge {told!r}"
    establish(wire.knock().status == UNAUTHORIZED, "a missing key gets 401")


@requirement("AUTH-16")
def test_a_bearer_challenge_says_what_was_wrong(wire: Wire, keys_or_random: Keys) -> None:
    """RFC 6750 section 3.1: by the code a client knows whether to renew a token, or to sign in."""
    missing = wire.knock()
    establish(missing.status == UNAUTHORIZED, "a missing key gets 401")
    codes = errors_of_bearer(missing)
    if codes is None:
        raise NotApplicableError("a 401 has no Bearer challenge, and the others are no token's")
    assert not any(codes), (
        f"nothing was presented, and the challenge says {missing.header('www-authenticate')!r}"
    )
    wrong = wire.derived(way=BEARER).knock(keys_or_random.random())
    establish(wrong.status == UNAUTHORIZED, f"a wrong bearer token gets 401 (got {wrong})")
    assert INVALID in (errors_of_bearer(wrong) or ()), (
        f"a wrong token was answered {wrong.header('www-authenticate')!r}, without {INVALID}"
    )


@requirement("AUTH-16")
def test_a_refusal_leads_to_the_metadata_where_oauth_is_offered(metadata: Metadata) -> None:
    """RFC 9728 section 5.1: a client finds the authorization server from the challenge alone."""
    refusal = metadata.refusal
    establish(refusal.status == UNAUTHORIZED, "a missing key gets 401")
    if metadata.is_offered:
        told = refusal.header("www-authenticate")
        assert metadata.pointers, f"metadata are served, and no challenge has them: {told!r}"
    for pointer in metadata.pointers:
        document = metadata.at(pointer)
        metadata.require_answer(document)
        assert "resource" in document.entries, (
            f"resource_metadata leads to no metadata of a resource: {pointer!r} ({document.answer})"
        )
