"""OAUTH: who may register as a client, and with what."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.channels.oauth.registering import LOOPBACK, PUBLIC, REMOTE
from conformance.model import Channel
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from conformance.channels.oauth.registering import Registrations
    from conformance.manners.addresses import AddressPool

FORBIDDEN = {
    "with a fragment": f"{REMOTE}#part",
    "that is relative": "/callback",
    "in clear text": "http://client.app.example/callback",
    "that only begins like loopback": "http://127.0.0.1.app.example/callback",
    "that only begins like localhost": "http://localhost.app.example/callback",
    "that is a script": "javascript:alert(1)//callback",
    "that is a page of its own": "data:text/html,callback",
    "that is a file": "file:///callback",
}
"""RFC 6749 section 3.1.2; MCP, Communication Security; OAuth 2.1 section 8.4.2."""
ODD = {
    "with user information": "https://somebody:word@client.app.example/callback",
    "with a backslash": "https://client.app.example\\@attacker.example/callback",
    "with a line break": f"{REMOTE}\r\nSet-Cookie: a=b",
}


def _taken(registrations: Registrations, *uris: str) -> str | None:
    """Return what of an attempt with these URIs cannot stand: a crash, or one that is registered.

    What is not among the URIs that the answer tells was left out, and so is not registered.
    """
    answer, client = registrations.attempt(registrations.metadata(*uris))
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"ended in {answer.status}"
    good = {LOOPBACK, REMOTE}
    is_taken = client is not None and bool(set(client.redirects) - good)
    return "was registered" if is_taken else None


@requirement("OAUTH-02")
def test_redirect_uris_that_nobody_may_have_are_refused(registrations: Registrations) -> None:
    """A client with the same words and a right redirect URI is registered, so it is the URI."""
    good = registrations.registered().redirect
    for words, uri in FORBIDDEN.items():
        found = _taken(registrations, uri)
        assert found is None, f"a redirect URI {words} {found}: {uri}"
    hidden = _taken(registrations, good, FORBIDDEN["that is a script"])
    assert hidden is None, f"a redirect URI that is a script, behind a right one, {hidden}"


@requirement("OAUTH-02")
def test_redirect_uris_that_are_read_in_two_ways_are_refused(registrations: Registrations) -> None:
    """Those whom one reader takes to one place, and another reader to another."""
    registrations.registered()
    for words, uri in ODD.items():
        found = _taken(registrations, uri)
        assert found is None, f"a redirect URI {words} {found}: {uri!r}"


@requirement("OAUTH-02")
def test_a_public_client_is_given_no_secret(registrations: Registrations) -> None:
    """It asked for none, and the server says that it authenticates by none."""
    client = registrations.registered(token_endpoint_auth_method=PUBLIC)
    if client.method != PUBLIC:
        raise NotAssessedError(
            f"the authorization server registers no public clients: it made this {client.method}"
        )
    assert not client.told.get("client_secret"), "a public client was given a secret"


@requirement("OAUTH-02", also_needs=(Channel.ADDRESSES, Channel.REGISTRATION_LIMIT))
def test_one_address_registers_no_more_than_it_may(
    registrations: Registrations, addresses: AddressPool
) -> None:
    """Right requests of one address, one more than there may be; the first is let through."""
    most = supplied(registrations.terms.registrations)
    line = registrations.wire.derived(address=addresses.fresh(), meets_limits=True)
    others = registrations.through(line)
    others.registered()
    for _ in range(most - 1):
        others.attempt(others.metadata())
    answer, client = others.attempt(others.metadata())
    establish(answer.status, f"the registration beyond the limit is answered ({answer})")
    assert client is None, f"one address registered more than {most} clients"
    assert answer.status < HTTPStatus.INTERNAL_SERVER_ERROR, (
        f"the registration beyond the limit ended in {answer.status}"
    )
