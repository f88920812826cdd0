"""OAUTH: authorization codes: proven by a verifier, good once, and for their own request alone."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING

from conformance.channels.http.gate import Gate
from conformance.channels.oauth.places import origin
from conformance.channels.oauth.registering import LOOPBACK
from conformance.forge.jwt.shape import Token
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.text.tokens import is_token
from conformance.verdicts import NotAssessedError, establish
from conformance.waiting import gather, wait_for

if TYPE_CHECKING:
    from conformance.channels.oauth.granting import Asking, Grants
    from conformance.channels.oauth.registering import OAuthClient
    from conformance.channels.passage import Passage

ENDED_SECONDS = 5.0
"""Within which what was revoked is refused, or never."""
MARGIN = 15
"""Seconds after the end of a code at which it is tried."""
OTHER = "https://other.app.example/mcp"
"""A resource that is not the target (RFC 2606: nobody has that name)."""
ANOTHER_REDIRECT = f"{LOOPBACK}/another"
AT_ONCE = 8
ROUNDS = 4


@requirement("OAUTH-03", also_needs=(Channel.AUTHORIZATION_USER,))
def test_a_request_without_an_s256_challenge_leads_to_no_token(grants: Grants) -> None:
    """The same client gets a token with a challenge; whether a code is given tells nothing yet."""
    client = grants.registrations.any_client()
    grants.tokens(client)
    plain = secrets.token_urlsafe(48)
    none: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}
    as_plain = {"code_challenge": plain, "code_challenge_method": "plain"}
    unsaid = {"code_challenge": plain, "code_challenge_method": None}
    for words, changes, verifier in (
        ("without a challenge", none, None),
        ("without a challenge, and a verifier later,", none, plain),
        ("of the method plain", as_plain, plain),
        ("without a method, which then is plain,", unsaid, plain),
    ):
        code = grants.tried(grants.asking(client, changes))
        if code is None:
            continue
        answer = grants.exchange(code, {"code_verifier": verifier})
        given = grants.tokens_of(answer, client)
        assert given is None, f"a request {words} led to a token"


@requirement("OAUTH-03", also_needs=(Channel.AUTHORIZATION_USER,))
def test_a_code_is_no_good_without_its_verifier(grants: Grants) -> None:
    """Each code is a fresh one, and differs from one that is good in its verifier alone."""
    client = grants.registrations.any_client()
    grants.tokens(client)
    for words, verifier_of in (
        ("no verifier", _none),
        ("an empty verifier", _empty),
        ("another verifier", _random),
        ("the challenge for a verifier", _challenge),
        ("the start of its verifier", _start),
    ):
        code = grants.code(client)
        answer = grants.exchange(code, {"code_verifier": verifier_of(code.asking)})
        given = grants.tokens_of(answer, client)
        assert given is None, f"a code was good with {words}"


def _none(asking: Asking) -> None:
    del asking


def _empty(asking: Asking) -> str:
    del asking
    return ""


def _random(asking: Asking) -> str:
    del asking
    return secrets.token_urlsafe(48)


def _challenge(asking: Asking) -> str:
    return asking.told["code_challenge"]


def _start(asking: Asking) -> str:
    return asking.verifier[:43]


@requirement("OAUTH-04")
def test_a_code_is_good_once(grants: Grants) -> None:
    """The second exchange is the first one, word by word."""
    client = grants.registrations.any_client()
    code = grants.code(client)
    grants.given(grants.exchange(code), client)
    again = grants.tokens_of(grants.exchange(code), client)
    assert again is None, "a code was good twice"


@requirement("OAUTH-04")
def test_a_code_that_is_used_again_ends_what_it_gave(grants: Grants) -> None:
    """The access token calls a tool before, so that it is the second use that ends it."""
    client = grants.registrations.any_client()
    code = grants.code(client)
    tokens = grants.given(grants.exchange(code), client)
    establish(grants.is_good(tokens.access), "an access token lets its bearer in")
    again = grants.tokens_of(grants.exchange(code), client)
    establish(again is None, "a code is good once")
    has_ended = wait_for(lambda: not grants.is_good(tokens.access), ENDED_SECONDS)
    assert has_ended, "the access token that a code gave is good after the code was used again"
    if tokens.refresh is not None:
        given = grants.tokens_of(grants.refreshed(tokens.refresh, client), client)
        assert given is None, (
            "the refresh token that a code gave is good after the code was used again"
        )


@requirement("OAUTH-04")
def test_a_code_ends_when_its_time_is_over(grants: Grants, passage: Passage) -> None:
    """Two codes of one moment: one is exchanged at once, the other after its end."""
    if origin(grants.server.url("token_endpoint")) != origin(grants.wire.target.url):
        raise NotAssessedError(
            "the authorization server stands elsewhere, and nobody moves its clock", Channel.CLOCK
        )
    client = grants.registrations.any_client()
    code = grants.code(client)
    grants.tokens(client)
    passage.of(grants.told.terms.code_seconds + MARGIN)
    late = grants.tokens_of(grants.exchange(code), client)
    assert late is None, f"a code was good after {grants.told.terms.code_seconds} seconds"


@requirement("OAUTH-04")
def test_a_code_is_its_clients_own(grants: Grants) -> None:
    """The other client has the same redirect URI, and brings the verifier: it differs in its id."""
    client = grants.registrations.registered()
    grants.tokens(client)
    other = grants.registrations.registered(*client.redirects)
    code = grants.code(client)
    answer = grants.exchange(code, client=other)
    assert grants.tokens_of(answer, other) is None, "a code was good for another client"


@requirement("OAUTH-04")
def test_a_code_is_bound_to_its_redirect_uri(grants: Grants) -> None:
    """The client has two, both good, so that it is the one of the request that counts."""
    client = grants.registrations.registered(LOOPBACK, ANOTHER_REDIRECT)
    grants.tokens(client)
    code = grants.code(client)
    answer = grants.exchange(code, {"redirect_uri": ANOTHER_REDIRECT})
    assert grants.tokens_of(answer, client) is None, "a code was good with another redirect URI"


@requirement("OAUTH-04")
def test_a_code_is_bound_to_its_resource(grants: Grants) -> None:
    """With its own resource a code gives a token that is good here, and none that is another's."""
    client = grants.registrations.any_client()
    own = grants.tokens(client)
    establish(grants.is_good(own.access), "an access token for the target is good there")
    here = grants.server.resource
    for words, resource in (("for it", OTHER), ("for the target", here), ("for none", None)):
        code = grants.tried(grants.asking(client, {"resource": OTHER}))
        if code is None:
            break  # it knows no such resource
        given = grants.tokens_of(grants.exchange(code, {"resource": resource}), client)
        assert given is None or not grants.is_good(given.access), (
            f"a code for another resource, exchanged {words}, gave a token that is good here"
        )
    code = grants.code(client)
    given = grants.tokens_of(grants.exchange(code, {"resource": OTHER}), client)
    assert given is None or OTHER not in _audiences(given.access), (
        "a code for the target gave a token for another resource"
    )


def _audiences(access: str) -> str:
    """Return for whom a token is, by its own words; nothing where it has no words."""
    return str(Token(access).claims.get("aud")) if is_token(access) else ""


@requirement("OAUTH-19")
def test_of_exchanges_of_one_code_at_once_one_wins(grants: Grants) -> None:
    """They are connected and complete before the first is sent, so that they arrive as one."""
    client = grants.registrations.any_client()
    grants.tokens(client)
    for _ in range(ROUNDS):
        given = _given_at_once(grants, client)
        assert given <= 1, f"{given} of {AT_ONCE} exchanges of one code at once gave tokens"


def _given_at_once(grants: Grants, client: OAuthClient) -> int:
    code, gate = grants.code(client), Gate(AT_ONCE)
    asked = gather(partial(grants.exchange, code, gate=gate), [None] * AT_ONCE, at_once=AT_ONCE)
    return sum(grants.tokens_of(answer, client) is not None for answer in asked)
