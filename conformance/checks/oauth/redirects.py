"""OAUTH: where an authorization server sends a browser: to registered redirect URIs alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.oauth.browser import Browser
from conformance.channels.oauth.consenting import Walk
from conformance.channels.oauth.registering import LOOPBACK, REMOTE
from conformance.checks.oauth._pages import require_question
from conformance.checks.oauth._redirects import ATTACKER, astray, variants
from conformance.forge.guise import own_word
from conformance.requirement import requirement
from conformance.verdicts import NotEstablishedError, establish

if TYPE_CHECKING:
    from conformance.channels.oauth.granting import Grants
    from conformance.channels.oauth.registering import OAuthClient, Registrations

WILDCARDS = {
    "https://*.app.example/callback": "https://any.app.example/callback",
    "https://client.app.example/*": "https://client.app.example/callback/another",
    "https://client.app.example/.*": "https://client.app.example/callback/another",
}
"""Patterns, each with a URI that it would match; as a URI it may be one like others."""
WRONG: dict[str, dict[str, str | None]] = {
    "": {},
    "of an unknown response type": {"response_type": "unheard_of"},
    "without a response type": {"response_type": None},
    "of an unknown scope": {"scope": "no-such-scope"},
    "without a challenge": {"code_challenge": None, "code_challenge_method": None},
    "for another resource": {"resource": "https://other.app.example/mcp"},
}
"""Requests that are wrong in another way, too, or not."""


def _clients(registrations: Registrations) -> list[OAuthClient]:
    """Return clients, each with one redirect URI: on the web and on loopback, as may be."""
    if not registrations.are_offered:
        return [registrations.any_client()]
    tried = [registrations.attempt(registrations.metadata(one))[1] for one in (REMOTE, LOOPBACK)]
    found = [client for client in tried if client is not None]
    return found or [registrations.any_client()]


@requirement("OAUTH-06")
def test_a_redirect_uri_that_is_like_a_registered_one_is_not_followed(grants: Grants) -> None:
    """The same request with the registered one leads there, and each differs in the URI alone."""
    for client in _clients(grants.registrations):
        grants.code(client)
        for words, uri in variants(client.redirect).items():
            walk = grants.led(grants.asking(client, {"redirect_uri": uri}))
            place = astray(walk, client, uri)
            assert place is None, f"a browser was sent to a redirect URI {words}: {place}"


@requirement("OAUTH-06")
def test_of_two_redirect_uris_the_other_is_not_followed(grants: Grants) -> None:
    """One is registered; who looks at the first and uses the last sends the code to an attacker."""
    client = grants.registrations.any_client()
    grants.code(client)
    for words, first, last in (
        ("after", client.redirect, ATTACKER),
        ("before", ATTACKER, client.redirect),
    ):
        asking = grants.asking(client, {"redirect_uri": first})
        place = astray(grants.led(asking, (("redirect_uri", last),)), client, ATTACKER)
        assert place is None, f"a browser was sent to a redirect URI {words} a right one: {place}"


@requirement("OAUTH-06")
def test_a_registered_wildcard_stands_for_itself_alone(grants: Grants) -> None:
    """To register none is as good: then nobody can be sent to what it would match."""
    client = grants.registrations.registered()
    grants.code(client)
    for pattern, uri in WILDCARDS.items():
        told = grants.registrations.metadata(pattern)
        _, odd = grants.registrations.attempt(told)
        if odd is None:
            continue
        place = astray(grants.led(grants.asking(odd, {"redirect_uri": uri})), odd, uri)
        assert place is None, f"a browser was sent to what {pattern} stands for: {place}"


@requirement("OAUTH-06")
def test_a_decision_does_not_say_where_the_answer_goes(grants: Grants) -> None:
    """Only fields of the form are changed that hold the redirect URI."""
    client = grants.registrations.any_client()
    grants.code(client)
    fresh = grants.registrations.fresh_as(client)
    asking = grants.asking(fresh)
    walk = grants.walk(asking)
    require_question(grants, walk, asking)
    if not walk.can_decide:
        return  # nobody is asked, by a form that could be changed
    decision = walk.decision()
    pairs = tuple(
        (name, ATTACKER if value == fresh.redirect else value) for name, value in decision.pairs
    )
    led = Walk(walk.browser, walk.user, walk.consent, walk.browser.send(decision.form, pairs))
    place = astray(led, fresh, ATTACKER)
    assert place is None, f"a browser was sent to where the form of the decision said: {place}"


@requirement("OAUTH-20")
def test_a_wrong_request_sends_nobody_to_an_address_that_is_not_registered(
    registrations: Registrations, grants: Grants
) -> None:
    """The client's own URI is good; whoever is signed in, or nobody, opens a link to another."""
    client = registrations.any_client()
    _require_good(grants, client)
    browsers = [Browser(registrations.origins)]
    browsers += [grants.browser()] if grants.users() else []
    for whose, changed in (
        ("of a client", {}),
        ("of an unknown client", {"client_id": own_word()}),
        ("of no client", {"client_id": None}),
    ):
        for words, wrong in WRONG.items():
            told = {**wrong, **changed, "redirect_uri": ATTACKER}
            asking = grants.asking(client, told)
            for browser in browsers:
                walk = grants.walk(asking, browser=browser)
                place = astray(walk, client, ATTACKER)
                assert place is None, f"a request {whose} {words} sent a browser to {place}"


@requirement("OAUTH-20")
def test_a_wrong_request_by_a_form_sends_nobody_there_either(
    registrations: Registrations, grants: Grants
) -> None:
    """An authorization endpoint may take POST as well (RFC 6749 section 3.1)."""
    client = registrations.any_client()
    _require_good(grants, client)
    place = registrations.server.url("authorization_endpoint")
    for words, wrong in WRONG.items():
        asking = grants.asking(client, {**wrong, "redirect_uri": ATTACKER})
        browser = grants.browser() if grants.users() else Browser(registrations.origins)
        walk = Walk.of_nobody(browser, browser.post(place, tuple(asking.told.items())))
        found = astray(walk, client, ATTACKER)
        assert found is None, f"a request by a form {words} sent a browser to {found}"


def _require_good(grants: Grants, client: OAuthClient) -> None:
    """Show that a right request of the client's leads on: to a code, or at least to a page."""
    if grants.users():
        grants.code(client)
        return
    walk = grants.walk(grants.asking(client))
    if walk.is_refused:
        raise NotEstablishedError(f"could not establish that a right request leads on ({walk})")
    establish(walk.end.answer.status, "a right request is answered")
