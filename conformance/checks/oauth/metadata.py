"""OAUTH: what a target and its authorization servers tell of themselves, judged without a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.analysis.oauth_metadata import (
    document_faults,
    resource_faults,
    secret_names,
    server_faults,
)
from conformance.channels.oauth.endpoints import probes
from conformance.channels.oauth.metadata import Way, identifiers_for
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError

if TYPE_CHECKING:
    from conformance.channels.http.wire import Wire
    from conformance.channels.oauth.metadata import Document, Metadata


@requirement("OAUTH-01")
def test_a_resource_s_metadata_are_its_own(metadata: Metadata) -> None:
    """Clients must not use metadata of another resource, and send codes where these lead them."""
    if metadata.resource is None and metadata.is_declared:
        assert metadata.resource, (
            "the profile declares an authorization server, and no metadata of the resource are at "
            f"{', '.join(metadata.asked)}"
        )
    metadata.require_resource()
    for found in metadata.resources:
        metadata.require_own_door(found)
        known = identifiers_for(found, metadata.names)
        faults = [
            *document_faults(found.document),
            *resource_faults(found.document.entries, known, may_be_local=metadata.may_be_local),
        ]
        assert not faults, f"the metadata at {found.document.url}: {'; '.join(faults)}"


@requirement("OAUTH-01")
def test_an_authorization_server_has_metadata_of_its_own(metadata: Metadata) -> None:
    """What names another issuer may be another's, and clients must not go on without S256."""
    for server in metadata.servers():
        for tried in server.tried:
            metadata.require_answer(tried)
        document = server.document
        assert document, f"{server.issuer} has no metadata: {server.told()}"
        faults = [
            *document_faults(document),
            *server_faults(document.entries, server.issuer, may_be_local=metadata.may_be_local),
        ]
        assert not faults, f"the metadata at {document.url}: {'; '.join(faults)}"


@requirement("OAUTH-01")
def test_metadata_hold_no_secret(metadata: Metadata) -> None:
    """They are public: what they hold, anybody has."""
    documents: list[Document] = [one.document for one in metadata.resources]
    if documents and metadata.is_offered:
        documents += [one.document for one in metadata.servers() if one.document is not None]
    metadata.require_resource()
    documents += [found for one in documents if (found := metadata.keys_of(one))]
    for document in documents:
        names = secret_names(document.entries)
        assert not names, f"{document.url} publishes {', '.join(names)}"


@requirement("OAUTH-01")
def test_all_ways_lead_to_the_same_authorization_servers(metadata: Metadata) -> None:
    """Clients look in different orders: what they find must not depend on that."""
    metadata.require_resource()
    ways = {one.way: one.document for one in metadata.resources}
    told = {
        document.url: sorted(document.texts("authorization_servers"))
        for way, document in ways.items()
        if way is not Way.ROOT or metadata.is_of_target(document)
    }
    assert len({*map(tuple, told.values())}) <= 1, f"the authorization servers differ: {told}"


@requirement("OAUTH-01")
def test_what_is_advertised_is_there(wire: Wire, metadata: Metadata) -> None:
    """An endpoint is told from a path at which nothing is by what either answers to a stranger."""
    seen = 0
    for server in metadata.servers():
        for probe in probes(metadata.line, server, wire.target.url):
            seen += 1
            assert not probe.is_absent, (
                f"{probe.name} is advertised, and at {probe.url} nothing is: {probe.answer}"
            )
            assert probe.gave is None, (
                f"{probe.name} gave {probe.gave} to somebody who showed nothing: {probe.answer}"
            )
            assert not probe.lacks_keys, f"jwks_uri leads to no key set: {probe.answer}"
    if not seen:
        raise NotApplicableError("all endpoints are at origins that were not asked")
