"""OAUTH: the page at which a user decides: what it says, and whose decision it takes."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from conformance.channels.oauth.browser import Left
from conformance.channels.oauth.consenting import Walk
from conformance.channels.oauth.registering import LOOPBACK, REMOTE
from conformance.checks.oauth._forgeries import forgeries
from conformance.checks.oauth._pages import (
    host_of,
    may_be_framed,
    more_words,
    says_unverified,
    seen_by,
)
from conformance.forge.guise import own_word
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from conformance.channels.oauth.granting import Grants

MARKED = "word-mark"
"""An element that no page has, unless it takes a client's name for markup."""
_NAMELESS = "what the client calls itself is not known: the authorization server registers nobody"


@requirement("OAUTH-12")
def test_a_client_that_is_new_is_asked_about(grants: Grants) -> None:
    """The same user has just approved another client, in the same browser."""
    first = grants.registrations.registered()
    grants.code(first)
    second = grants.registrations.registered(*first.redirects)
    asking = grants.asking(second)
    walk = grants.walk(asking)
    given = grants.code_at(walk, asking) is not None and not walk.pages
    assert not given, "a client of which the user was never asked was given a code"
    walk.decide()
    grants.require_code(walk, asking)


@requirement("OAUTH-12")
def test_the_page_names_the_client(grants: Grants) -> None:
    """The name is one that no other text has."""
    client = grants.registrations.any_client()
    if not client.name:
        raise NotAssessedError(_NAMELESS)
    page = seen_by(grants, client)
    assert client.name.lower() in page.text.lower(), (
        f"a user decides about a client that the page does not name: {page.text[:200]!r}"
    )


@requirement("OAUTH-12")
def test_the_clients_name_is_no_markup(grants: Grants) -> None:
    """A client of another name has no such element on its page; to register none of it is good."""
    plain = grants.registrations.registered()
    before = seen_by(grants, plain)
    establish(MARKED not in before.elements, "the page has no such element by itself")
    name = f"Word <{MARKED} data-of={secrets.token_hex(4)}>"
    told = grants.registrations.metadata(*plain.redirects, client_name=name)
    _, client = grants.registrations.attempt(told)
    if client is None:
        return
    page = seen_by(grants, client)
    assert MARKED not in page.elements, "the page has markup that is a client's name"


@requirement("OAUTH-12")
def test_the_page_cannot_be_framed(grants: Grants) -> None:
    """A frame that nobody sees has a user press what he does not see."""
    page = seen_by(grants, grants.registrations.any_client())
    why = may_be_framed(page.answer)
    assert why is None, f"any site may show the page in a frame: {why}"


@requirement("OAUTH-12")
def test_a_decision_is_taken_from_its_own_page_alone(grants: Grants) -> None:
    """Afterwards the same user approves the same client on the page, and it is given a code."""
    client = grants.registrations.any_client()
    asking = grants.asking(client)
    for words, attempt in forgeries(grants, client):
        end = attempt()
        walk = Walk.of_nobody(grants.browser(), end)
        taken = grants.code_at(walk, asking) if isinstance(end, Left) else None
        assert taken is None, f"a decision was taken {words}"
    walk = grants.walk(asking)
    walk.decide()
    grants.require_code(walk, asking)


@requirement("OAUTH-14")
def test_the_page_shows_where_the_answer_goes(grants: Grants) -> None:
    """Of a client on the web, as far as one can be registered."""
    told = grants.registrations.metadata(REMOTE) if grants.registrations.are_offered else None
    client = grants.registrations.attempt(told)[1] if told else None
    client = client or grants.registrations.any_client()
    page = seen_by(grants, client)
    host = host_of(client.redirect)
    assert host in page.text.lower(), (
        f"a user decides without being shown {host}, where the answer goes: {page.text[:200]!r}"
    )


@requirement("OAUTH-14")
def test_a_loopback_client_is_warned_of(grants: Grants) -> None:
    """A warning is what its page says more than that of a client of the same name on the web."""
    name = {"client_name": f"Client {own_word()}"}
    registrations = grants.registrations
    pair = [
        registrations.attempt(registrations.metadata(one, **name))[1] for one in (REMOTE, LOOPBACK)
    ]
    clients = [client for client in pair if client is not None]
    if len(clients) < len(pair):
        raise NotAssessedError("the authorization server registers no clients of one of both kinds")
    remote, local = (seen_by(grants, client) for client in clients)
    known = [REMOTE, LOOPBACK, "localhost", *(client.id for client in clients)]
    more = more_words(local, remote, known)
    assert more, "of a client that any program on the computer may be, the page says nothing more"


@requirement("OAUTH-14")
def test_what_is_unverified_is_named_so(grants: Grants) -> None:
    """The client has just registered itself, so nobody can have looked at it."""
    page = seen_by(grants, grants.registrations.registered())
    words = grants.told.consent.unverified
    if words is not None:
        says_so = words.lower() in page.text.lower()
    elif page.language[:2] in {"", "en"}:
        says_so = says_unverified(page)
    else:
        raise NotAssessedError(
            f"the page is in another language ({page.language[:8]}): supply the profile's "
            "[authorization.consent] unverified, its words for it"
        )
    assert says_so, f"the page does not say that the client is unverified: {page.text[:300]!r}"
