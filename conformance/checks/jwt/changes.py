"""JWT: tokens of the target's own, changed where nobody may change them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.jwt._common import let_in, listed
from conformance.forge.jwt.corpus import Kind
from conformance.requirement import requirement

if TYPE_CHECKING:
    from conformance.channels.http.tokens import TokenDesk


@requirement("JWT-03")
def test_a_token_with_one_bit_turned_is_refused(desk: TokenDesk) -> None:
    """A bit of what a part encodes, over its whole length: so it is another token each time."""
    desk.establish()
    found = let_in(desk.answers(Kind.FLIPPED))
    assert not found, f"tokens with one bit turned were let in: {listed(found)}"
    desk.establish_valid()


@requirement("JWT-03")
def test_a_token_counts_in_one_spelling_only(desk: TokenDesk) -> None:
    """A lenient decoder makes the same bytes of them, so nobody gains rights by that.

    But whoever knows tokens by their text, such as a list of those that were revoked, takes each
    spelling for another token.
    """
    desk.establish()
    found = let_in(desk.answers(Kind.SPELLED))
    assert not found, f"the valid token was let in under other spellings: {listed(found)}"
    desk.establish_valid()
