"""JWT: tokens signed by the right key, in which one claim is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.jwt._common import let_in, listed
from conformance.forge.jwt.corpus import Kind
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.tokens import TokenDesk
    from conformance.forge.jwt.corpus import Case


def answered(mint: TokenDesk, kind: Kind, *flags: str) -> Iterator[tuple[Case, Answer]]:
    """Yield the answers to the cases of a kind that no verifier may take, of some flags alone.

    A token with right claims, minted alike, works before; the check shows that it does after.
    """
    mint.establish()
    mint.establish_minted()
    yield from mint.answers(kind, flags=flags)


def require(mint: TokenDesk, claim: str) -> None:
    """Raise NotApplicableError where the valid token has no such claim, so that none is needed."""
    if mint.ring.name(claim) not in mint.token.claims:
        raise NotApplicableError(f"the valid token has no {mint.ring.name(claim)}")


@requirement("JWT-01")
def test_a_token_of_another_issuer_is_refused(mint: TokenDesk) -> None:
    """Signed alike; the issuer alone is another."""
    require(mint, "iss")
    found = let_in(answered(mint, Kind.ONE_CLAIM, "OtherIssuer"))
    assert not found, f"tokens of another issuer were let in: {listed(found)}"
    mint.establish_minted()


@requirement("JWT-01")
def test_a_token_for_another_audience_is_refused(mint: TokenDesk) -> None:
    """Signed alike; the audience alone is another. One with ours beside others may count."""
    require(mint, "aud")
    found = let_in(answered(mint, Kind.ONE_CLAIM, "OtherAudience"))
    assert not found, f"tokens for another audience were let in: {listed(found)}"
    mint.establish_minted()


@requirement("JWT-01")
def test_a_token_that_has_run_out_is_refused(mint: TokenDesk) -> None:
    """Ten minutes ago at least, which is beyond any leeway that is usual."""
    found = let_in(answered(mint, Kind.ONE_CLAIM, "Expired"))
    assert not found, f"tokens that had run out were let in: {listed(found)}"
    mint.establish_minted()


@requirement("JWT-01")
def test_issuer_and_audience_are_compared_to_the_letter(mint: TokenDesk) -> None:
    """Names that differ from the right one in case, a slash, or what is blank."""
    found = let_in(answered(mint, Kind.TO_THE_LETTER))
    assert not found, f"tokens were let in whose claims are nearly right: {listed(found)}"
    mint.establish_minted()


@requirement("JWT-04")
def test_a_token_is_refused_before_its_time(mint: TokenDesk) -> None:
    """An hour ahead at least."""
    found = let_in(answered(mint, Kind.UNTIMELY))
    assert not found, f"tokens were let in that hold from later on: {listed(found)}"
    mint.establish_minted()


@requirement("JWT-04")
def test_a_token_without_an_end_is_refused(mint: TokenDesk) -> None:
    """Without exp, or with one that is no time."""
    found = let_in(answered(mint, Kind.ENDLESS))
    assert not found, f"tokens without an end were let in: {listed(found)}"
    mint.establish_minted()


@requirement("JWT-04")
def test_a_token_for_nobody_in_particular_is_refused(mint: TokenDesk) -> None:
    """The valid token names its audience; without that it was issued for whoever takes it."""
    require(mint, "aud")
    found = let_in(answered(mint, Kind.INCOMPLETE, "NoAudience"))
    assert not found, f"tokens without an audience were let in: {listed(found)}"
    mint.establish_minted()


@requirement("JWT-04")
def test_a_token_lacks_nothing_by_which_it_could_be_revoked(mint: TokenDesk) -> None:
    """What the valid token has of subject and id, others cannot go without."""
    flags = {"sub": "NoSubject", "jti": "NoIdentity"}
    there = [flag for name, flag in flags.items() if mint.ring.name(name) in mint.token.claims]
    if not there:
        raise NotApplicableError("the valid token has neither a subject nor an id")
    found = let_in(answered(mint, Kind.INCOMPLETE, *there))
    assert not found, f"tokens without subject or id were let in: {listed(found)}"
    mint.establish_minted()


@requirement("JWT-04")
def test_a_token_is_neither_of_the_future_nor_for_ever(mint: TokenDesk) -> None:
    """Issued in an hour or later, or good for ten years or longer."""
    found = let_in(answered(mint, Kind.INCOMPLETE, "FromTheFuture", "OverlongLife"))
    assert not found, f"tokens were let in with times that no session has: {listed(found)}"
    mint.establish_minted()


@requirement("JWT-04")
def test_what_a_token_calls_critical_must_be_understood(mint: TokenDesk) -> None:
    """An extension that nobody knows, under the header's crit: it alone explains a refusal."""
    found = let_in(answered(mint, Kind.SIGNED, "SignedCritical"))
    assert not found, f"tokens with an unknown critical extension were let in: {listed(found)}"
    mint.establish_minted()
