"""OAUTH: refresh tokens: replaced when they are used, and ended with all that came of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from conformance.channels.http.gate import Gate
from conformance.channels.oauth.registering import PUBLIC
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError, NotAssessedError, establish
from conformance.waiting import gather

if TYPE_CHECKING:
    from conformance.channels.oauth.granting import Grants, Tokens
    from conformance.channels.passage import Passage

REFRESHING = "refresh_token"
"""The grant by which a refresh token is exchanged (RFC 6749 section 6)."""
MARGIN = 5
"""Seconds after the grace for lost answers at which a refresh token comes back."""
AT_ONCE = 8
ROUNDS = 3


def _tokens(grants: Grants) -> Tokens:
    """Return tokens of a public client. Raises NotAssessedError for one that has to prove itself.

    Of those rotation is not asked, since their secret binds the token (OAuth 2.1 section 4.3.1).
    """
    client = grants.registrations.any_client()
    if client.method != PUBLIC:
        raise NotAssessedError(
            "this takes a public client, and the judge has none at the authorization server: it "
            "registers none, and the profile's [authorization.client] has a secret"
        )
    return grants.tokens(client)


def _shown(grants: Grants, tokens: Tokens) -> str:
    """Return the refresh token of some tokens. Raises NotAssessedError where there is none.

    It is a NotApplicableError where the metadata say that there never is one (RFC 8414 section 2).
    """
    if tokens.refresh is not None:
        return tokens.refresh
    kinds = grants.server.values("grant_types_supported")
    if kinds and REFRESHING not in kinds:
        raise NotApplicableError("the authorization server gives no refresh tokens, and says so")
    raise NotAssessedError("the authorization server gives no refresh token")


def _next(grants: Grants, tokens: Tokens) -> Tokens | None:
    """Return what a refresh token gives; None where it gives nothing."""
    answer = grants.refreshed(_shown(grants, tokens), tokens.client)
    return grants.tokens_of(answer, tokens.client)


def _goes_on(grants: Grants, tokens: Tokens) -> Tokens:
    """Return what a refresh token gives. NotEstablishedError where it gives nothing."""
    found = _next(grants, tokens)
    establish(found is not None, "a refresh token gives a new access token")
    return found or tokens


@requirement("OAUTH-11")
def test_a_refresh_token_is_replaced_when_it_is_used(grants: Grants) -> None:
    """Where the answer has none, the client has the old one still, which is the same."""
    first = _tokens(grants)
    second = _goes_on(grants, first)
    assert second.refresh not in {None, first.refresh}, (
        "a refresh token of a public client was used and not replaced"
    )


@requirement("OAUTH-11")
def test_a_refresh_token_that_comes_back_ends_its_family(grants: Grants, passage: Passage) -> None:
    """What came of it works before, so that it is the second use of the first one that ends it."""
    first = _tokens(grants)
    second = _goes_on(grants, first)
    establish(second.refresh not in {None, first.refresh}, "a refresh token is replaced")
    last = _goes_on(grants, second)
    grace = grants.told.terms.refresh_grace_seconds
    if grace:
        passage.of(grace + MARGIN)
    assert _next(grants, first) is None, "a refresh token was good after it was replaced"
    assert _next(grants, last) is None, (
        "a refresh token came back that was replaced, and what came of it goes on"
    )


@requirement("OAUTH-11")
def test_a_refresh_token_is_its_clients_own(grants: Grants) -> None:
    """The other client is as good as its own, which refreshes afterwards."""
    own = grants.tokens(grants.registrations.registered())
    other = grants.registrations.registered(*own.client.redirects)
    _goes_on(grants, grants.tokens(own.client))
    answer = grants.refreshed(_shown(grants, own), other)
    assert grants.tokens_of(answer, other) is None, "a refresh token was good for another client"


@requirement("OAUTH-19")
def test_of_refreshes_with_one_token_at_once_one_goes_on(grants: Grants) -> None:
    """A declared grace may answer a second one; of what was given at once, one may be of use."""
    has_grace = grants.told.terms.refresh_grace_seconds > 0
    _goes_on(grants, _tokens(grants))
    for _ in range(ROUNDS):
        first, gate = _tokens(grants), Gate(AT_ONCE)
        refresh = partial(grants.refreshed, _shown(grants, first), first.client, gate=gate)
        answers = gather(refresh, [None] * AT_ONCE, at_once=AT_ONCE)
        found = [grants.tokens_of(answer, first.client) for answer in answers]
        given = {one.refresh: one for one in found if one is not None}
        assert has_grace or len(given) <= 1, (
            f"{AT_ONCE} refreshes with one token at once gave {len(given)} others"
        )
        useful = [one for refresh, one in given.items() if refresh is not None]
        going = sum(_next(grants, one) is not None for one in useful)
        assert going <= 1, f"{going} refresh tokens that came of one at once go on"
