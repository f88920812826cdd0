"""TIME, continued: what the time of a refusal tells the clients of an authorization server."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.channels.oauth.granting import exchanging, request_of
from conformance.forge.keys import nearly, random_key, random_like, unknown_like
from conformance.forge.objects import nobodys_text
from conformance.requirement import requirement
from conformance.timing.stopwatch import Door
from conformance.verdicts import NotApplicableError, NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.channels.oauth.granting import Changes, Grants
    from conformance.channels.oauth.registering import OAuthClient
    from conformance.forge.requests import Request
    from conformance.timing.stopwatch import Stopwatch
    from conformance.timing.verdict import Measurement

REFUSALS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
"""What a token endpoint refuses with (RFC 6749 section 5.2)."""
NOBODYS = {
    "grant_type": "authorization_code",
    "code": random_key(),
    "code_verifier": random_key(),
}
"""A code that nobody was given: it is refused to every client (RFC 6749 section 5.2)."""


@requirement("TIME-06-b")
def test_whom_a_client_says_it_is_makes_no_difference(grants: Grants, stopwatch: Stopwatch) -> None:
    """Neither secret is right: one is told of a client that there is, the other of one that is not.

    The client's own secret is taken for what it is, so that what is refused is the secret.
    """
    client = _proven(grants)
    wrong = random_like(client.secret or "")
    named = {"unknown client": nobodys_text(client.id), "known client": client.id}
    found = stopwatch.compare(
        {
            name: request_of(replace(client, id=identity, secret=wrong), _nothing(client))
            for name, identity in named.items()
        },
        works=None,
        door=_door(grants),
    )
    assert not found.leaks, str(found)
    found.require_decision()


@requirement("TIME-08")
def test_a_nearly_right_client_secret_takes_as_long_as_a_random_one(
    grants: Grants, stopwatch: Stopwatch
) -> None:
    """The client is the same, and its own secret is taken for what it is."""
    client = _proven(grants)

    def presenting(secret: str) -> Request:
        return request_of(replace(client, secret=secret), _nothing(client))

    found = stopwatch.compare_presented(
        _near_and_random(client.secret or ""), presenting, _door(grants)
    )
    assert not found.leaks, str(found)
    found.require_decision()


@requirement("TIME-08")
def test_a_nearly_right_code_takes_as_long_as_a_random_one(
    grants: Grants, stopwatch: Stopwatch
) -> None:
    """A code of the same client has been exchanged; of this one all but the end is right."""
    client = grants.registrations.any_client()
    grants.tokens(client)
    code = grants.code(client)
    found = _among_grants(
        grants, stopwatch, client, code.text, lambda text: exchanging(replace(code, text=text))
    )
    assert not found.leaks, str(found)
    found.require_decision()


@requirement("TIME-08")
def test_a_nearly_right_refresh_token_takes_as_long_as_a_random_one(
    grants: Grants, stopwatch: Stopwatch
) -> None:
    """What the token follows has been refreshed; of this one all but the end is right."""
    client = grants.registrations.any_client()
    first = grants.tokens(client)
    if first.refresh is None:
        raise NotApplicableError("the authorization server gives no refresh token")
    answer = grants.refreshed(first.refresh, client)
    last = grants.given(answer, client).refresh or first.refresh
    found = _among_grants(grants, stopwatch, client, last, grants.refreshing)
    assert not found.leaks, str(found)
    found.require_decision()


def _among_grants(
    grants: Grants,
    stopwatch: Stopwatch,
    client: OAuthClient,
    right: str,
    pairs: Callable[[str], Changes],
) -> Measurement:
    def presenting(text: str) -> Request:
        return request_of(client, pairs(text))

    return stopwatch.compare_presented(_near_and_random(right), presenting, _door(grants))


def _near_and_random(right: str) -> dict[str, str]:
    return {"random": unknown_like(right), "nearly right": nearly(right)}


def _door(grants: Grants) -> Door:
    url = grants.server.url("token_endpoint")
    return Door(url, partial(grants.origins.asked, url), REFUSALS)


def _nothing(client: OAuthClient) -> Changes:
    """Return a request that gives nobody anything: its refusal tells whether a client is known."""
    return {**NOBODYS, "redirect_uri": client.redirect}


def _proven(grants: Grants) -> OAuthClient:
    """Return a client whose own secret is told from a wrong one at the token endpoint."""
    told = ""
    for client in grants.registrations.confidential():
        right, wrong = (
            grants.asked(one, _nothing(client))
            for one in (client, replace(client, secret=random_like(client.secret or "")))
        )
        if (right.status, right.entries) != (wrong.status, wrong.entries):
            return client
        told = f"{right} and {wrong}"
    raise NotEstablishedError(
        f"could not establish that a client's own secret is told from a wrong one (got {told})"
    )
