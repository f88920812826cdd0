"""OAUTH: what an authorization response says of who gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError

if TYPE_CHECKING:
    from conformance.channels.oauth.granting import Grants
    from conformance.channels.oauth.registering import OAuthClient

WRONG: dict[str, dict[str, str | None]] = {
    "of an unknown response type": {"response_type": "unheard_of"},
    "of an unknown scope": {"scope": "no-such-scope"},
    "without a challenge": {"code_challenge": None, "code_challenge_method": None},
    "for another resource": {"resource": "https://other.app.example/mcp"},
}
"""Requests that are answered with an error, at the client or on a page."""


@requirement("OAUTH-15")
def test_a_response_with_a_code_says_whose_it_is(grants: Grants) -> None:
    """Clients compare it with the issuer of the metadata, character by character."""
    code = grants.code(grants.registrations.any_client())
    told = code.response.get("iss")
    assert told is not None, "an authorization response with a code has no iss"
    assert told == grants.server.issuer, f"the iss of an authorization response is {told}"


@requirement("OAUTH-15")
def test_a_response_with_an_error_says_so_too(grants: Grants) -> None:
    """What is shown on a page goes to no client, and needs none."""
    client = grants.registrations.any_client()
    grants.code(client)
    found = {words: _error(grants, client, wrong) for words, wrong in WRONG.items()}
    found["that the user denies"] = _denied(grants, client)
    answered = {words: told for words, told in found.items() if told is not None}
    if not answered:
        raise NotAssessedError("the authorization server tells no client of an error")
    for words, told in answered.items():
        assert "iss" in told, f"the response to a request {words} has no iss"
        assert told["iss"] == grants.server.issuer, (
            f"the iss of the response to a request {words} is {told['iss']}"
        )


@requirement("OAUTH-15")
def test_the_metadata_say_that_responses_do(grants: Grants) -> None:
    """Without it, a client that checks takes a response without one for a good one."""
    told = grants.server.told.get("authorization_response_iss_parameter_supported")
    assert told is True, (
        f"the metadata say of authorization_response_iss_parameter_supported: {told}"
    )


def _error(
    grants: Grants, client: OAuthClient, wrong: dict[str, str | None]
) -> dict[str, str] | None:
    """Return the response to a wrong request, where that goes to the client at all."""
    asking = grants.asking(grants.registrations.fresh_as(client), wrong)
    walk = grants.walk(asking)
    told = walk.response(asking.redirect)
    return told if "error" in told else None


def _denied(grants: Grants, client: OAuthClient) -> dict[str, str] | None:
    """Return the response when a user denies, where he can."""
    asking = grants.asking(grants.registrations.fresh_as(client))
    walk = grants.walk(asking)
    try:
        walk.decide(approves=False)
    except NotAssessedError:  # nobody can deny, as far as can be told
        return None
    told = walk.response(asking.redirect)
    return told if "error" in told else None
