"""OAUTH: clients that are known by a document of their own, and what comes of fetching it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from conformance.channels.http.listener import LOOPBACK, Reply, hearing
from conformance.channels.oauth.documents import DocumentShelf, showing, written
from conformance.checks.oauth._redirects import ATTACKER, astray
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.oauth.granting import Grants
    from conformance.channels.oauth.registering import OAuthClient

PATIENCE = 2.0
"""Seconds more than a server waits for a document, for all else that it does."""
_SPECIAL = (
    *("http://127.0.0.1:{port}", "https://127.0.0.1:{port}", "https://localhost:{port}"),
    *("https://[::1]:{port}", "https://127.1:{port}", "https://2130706433:{port}"),
    *("https://0x7f000001:{port}", "https://0.0.0.0:{port}", "https://[::ffff:127.0.0.1]:{port}"),
)
"""Spellings of this machine's own address, none of them of the origin that may be asked."""


@pytest.fixture
def shelf(grants: Grants) -> Iterator[DocumentShelf]:
    """Documents of clients, where the authorization server takes any."""
    if grants.server.told.get("client_id_metadata_document_supported") is not True:
        raise NotAssessedError(
            "the authorization server takes no client-id metadata documents (its metadata have no "
            "client_id_metadata_document_supported)"
        )
    with showing(supplied(grants.told.documents)) as found:
        yield found


def _is_taken(grants: Grants, client: OAuthClient) -> bool:
    """Tell whether a client is given a code, when its user approves."""
    return grants.tried(grants.asking(client)) is not None


def _require_a_right_one(grants: Grants, shelf: DocumentShelf) -> None:
    """Show that a client is given a code whose document is right."""
    client = shelf.shown()
    grants.code(client)
    establish(shelf.was_asked_for(client.id), "its document was fetched from the judge")


@requirement("OAUTH-16")
def test_a_document_counts_at_its_own_url_alone(grants: Grants, shelf: DocumentShelf) -> None:
    """Who could show another's document would be taken for the other."""
    _require_a_right_one(grants, shelf)
    own = shelf.place()
    for words, told in (
        ("of another client", shelf.place()),
        ("that names its URL with a slash more", f"{own}/"),
        ("that names its URL in other letters", own.replace("client", "Client")),
        ("that names its URL with a query", f"{own}?"),
    ):
        client = shelf.shown(own, client_id=told)
        assert not _is_taken(grants, client), f"a client was taken by a document {words}"


@requirement("OAUTH-16")
def test_a_redirect_uri_has_to_be_in_the_document(grants: Grants, shelf: DocumentShelf) -> None:
    """The document and the user are those of a client that is given a code."""
    _require_a_right_one(grants, shelf)
    client = shelf.shown()
    walk = grants.led(grants.asking(client, {"redirect_uri": ATTACKER}))
    place = astray(walk, client, ATTACKER)
    assert place is None, f"a browser was sent to what is not in the client's document: {place}"


@requirement("OAUTH-16")
def test_a_document_has_all_that_it_must(grants: Grants, shelf: DocumentShelf) -> None:
    """Each lacks one thing that the right one has."""
    _require_a_right_one(grants, shelf)
    for name in ("client_id", "client_name", "redirect_uris"):
        assert not _is_taken(grants, shelf.shown(**{name: None})), (
            f"a client was taken by a document without {name}"
        )
    for words, body in (
        ("is no JSON", b"client_id="),
        ("is no object", json.dumps(["client_id"]).encode()),
        ("is empty", b""),
    ):
        client = shelf.show(shelf.place(), Reply(body))
        assert not _is_taken(grants, client), f"a client was taken by a document that {words}"


@requirement("OAUTH-16")
def test_a_document_has_no_shared_secret(grants: Grants, shelf: DocumentShelf) -> None:
    """What anybody can read is no secret, and a method that needs one has none."""
    _require_a_right_one(grants, shelf)
    for method in ("client_secret_basic", "client_secret_post", "client_secret_jwt"):
        client = shelf.shown(token_endpoint_auth_method=method)
        assert not _is_taken(grants, client), f"a client was taken by a document with {method}"
    client = shelf.shown(client_secret="not-a-secret")  # noqa: S106 -- none
    assert not _is_taken(grants, client), "a client was taken by a document with a client_secret"


@requirement("OAUTH-16")
def test_no_redirect_is_followed_to_a_document(grants: Grants, shelf: DocumentShelf) -> None:
    """It leads to a document that would be right for the URL that was asked for."""
    _require_a_right_one(grants, shelf)
    url, other = shelf.place(), shelf.place()
    shelf.show(other, Reply(written(url)))
    is_taken = _is_taken(grants, shelf.moved(url, other))
    establish(shelf.was_asked_for(url), "the document was asked for")
    assert not shelf.was_asked_for(other), "a redirect was followed to a document"
    assert not is_taken, "a client was taken by a document that a redirect led to"


@requirement("OAUTH-16")
def test_no_document_is_fetched_from_a_special_address(
    grants: Grants, shelf: DocumentShelf
) -> None:
    """Nobody but the server knows of the port, so whoever connects is the server."""
    _require_a_right_one(grants, shelf)
    with hearing(LOOPBACK) as trap:
        for spelling in _SPECIAL:
            url = f"{spelling.format(port=trap.port)}/{trap.word()}/client.json"
            client = shelf.shown(url)
            is_taken = _is_taken(grants, client)
            assert not trap.connections, (
                f"the server connected to an address of its own: {spelling}"
            )
            assert not is_taken, f"a client was taken by a document at {spelling}"


@requirement("OAUTH-16")
def test_a_document_without_end_is_given_up(grants: Grants, shelf: DocumentShelf) -> None:
    """It comes byte by byte, and would be right in the end; the server answers before that."""
    _require_a_right_one(grants, shelf)
    url = shelf.place()
    client = shelf.show(url, Reply(written(url, client_uri="x" * 400), drips=True))
    seconds = supplied(grants.told.documents).seconds + PATIENCE
    answer = grants.browser().waited_for(grants.url(grants.asking(client)), seconds)
    establish(shelf.was_asked_for(url), "the document was asked for")
    assert not answer.was_abandoned, (
        f"{seconds:.0f} seconds after a client's document began to come the server still waits"
    )


@requirement("OAUTH-16")
def test_a_document_of_enormous_size_is_refused(grants: Grants, shelf: DocumentShelf) -> None:
    """It is right but for what nobody needs to read."""
    _require_a_right_one(grants, shelf)
    most = supplied(grants.told.documents).most_bytes
    client = shelf.shown(software_statement="x" * most)
    assert not _is_taken(grants, client), f"a client was taken by a document of {most} bytes"


@requirement("OAUTH-16")
def test_an_error_is_not_remembered(grants: Grants, shelf: DocumentShelf) -> None:
    """The document was not there for a moment, and then it is."""
    _require_a_right_one(grants, shelf)
    for status in (404, 500):
        url = shelf.place()
        client = shelf.show(url, Reply(status=status))
        establish(
            not _is_taken(grants, client), f"a client without a document is refused ({status})"
        )
        again = shelf.shown(url)
        assert _is_taken(grants, again), (
            f"a client is refused whose document was answered with {status} the first time"
        )
