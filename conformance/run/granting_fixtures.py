"""What checks of authorization servers ask for by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from conformance.channels.oauth.granting import Grants
from conformance.channels.oauth.registering import Registrations
from conformance.channels.oauth.server_metadata import server_metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.transcript import Transcript
    from conformance.channels.http.wire import Wire
    from conformance.channels.oauth.cookies import Cookies
    from conformance.channels.oauth.metadata import Metadata
    from conformance.channels.oauth.server_metadata import ServerMetadata
    from conformance.text.redaction import Redactor


@dataclass
class Acquaintance:
    """What checks know of an authorization server from those before them."""

    server: ServerMetadata | None = None
    signed_in: dict[str, Cookies] = field(default_factory=dict[str, "Cookies"])


@pytest.fixture(scope="session")
def acquaintance() -> Acquaintance:
    """What is known already: its metadata, and who is signed in."""
    return Acquaintance()


@pytest.fixture
def registrations(
    wire: Wire,
    redactor: Redactor,
    transcript: Transcript,
    metadata: Metadata,
    acquaintance: Acquaintance,
) -> Iterator[Registrations]:
    """Clients of the target's authorization server, deleted when the check is done."""
    known = acquaintance.server or server_metadata(metadata, wire.target.authorization)
    acquaintance.server = known
    made = Registrations(wire, known, redactor, transcript)
    yield made
    made.delete_all()


@pytest.fixture
def grants(
    wire: Wire, redactor: Redactor, registrations: Registrations, acquaintance: Acquaintance
) -> Grants:
    """Codes and tokens of the target's authorization server."""
    return Grants(wire, registrations, redactor, acquaintance.signed_in)
