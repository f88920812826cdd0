"""What checks of session tokens ask for by name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.channels.http.listener import LOOPBACK, hearing
from conformance.channels.http.published_keys import published_keys
from conformance.channels.http.session_tokens import SessionTokens
from conformance.channels.http.tokens import TokenDesk, ring_of
from conformance.channels.http.ways import Ways
from conformance.forge.jwt.forging import Ring
from conformance.forge.jwt.shape import Token
from conformance.model import Channel
from conformance.profile.target import supplied
from conformance.text.tokens import is_token
from conformance.verdicts import NotAssessedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.listener import Listener
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.forge.keys import Keys
    from conformance.profile.target import Target
    from conformance.text.redaction import Redactor


@pytest.fixture
def listener(target: Target) -> Iterator[Listener]:
    """Where the judge hears what the target calls."""
    channel = target.channels.listener
    with hearing(channel.address if channel else LOOPBACK) as found:
        found.require_hearing()
        yield found


@pytest.fixture
def session_tokens(wire: Wire, keys: Keys, redactor: Redactor) -> SessionTokens:
    """Sessions, begun with a tenant's key and ended."""
    return SessionTokens(wire, keys, redactor)


@pytest.fixture
def desk(wire: Wire, keys: Keys, passage: Passage, session_tokens: SessionTokens) -> TokenDesk:
    """Tenant A's valid token, and others made of it without its key.

    It is the profile's; a session is begun where that has none, or one that is over.
    """
    now = passage.now()
    text = session_tokens.holding(keys.a, now)
    if not is_token(text):
        raise NotAssessedError(
            "sessions have tokens that are not signed (JWT)", Channel.SESSION_TOKEN
        )
    return TokenDesk(wire, Token(text), Ring(now))


@pytest.fixture
def desk_of_keys(desk: TokenDesk) -> TokenDesk:
    """The same, with the keys that the target publishes."""
    found = published_keys(desk.wire, desk.token.header.get("kid"))
    return TokenDesk(desk.wire, desk.token, replace(desk.ring, published=found))


@pytest.fixture
def mint(desk: TokenDesk, target: Target) -> TokenDesk:
    """The same, with the key by which the target's tokens are signed."""
    signing = supplied(target.channels.signing)
    return TokenDesk(desk.wire, desk.token, ring_of(signing, desk.ring))


@pytest.fixture
def ways(wire: Wire, keys: Keys, passage: Passage, session_tokens: SessionTokens) -> Ways:
    """The ways by which a credential comes, and what comes by each."""
    return Ways(wire, keys, passage, session_tokens)
