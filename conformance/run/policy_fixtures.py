"""What checks of a policy, and of organizations, ask for by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.channels.http.identities import Callers
from conformance.channels.http.orgs import Organization

if TYPE_CHECKING:
    from conformance.channels.http.session_tokens import SessionTokens
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.forge.keys import Keys
    from conformance.text.redaction import Redactor


@pytest.fixture
def callers(wire: Wire, passage: Passage, session_tokens: SessionTokens) -> Callers:
    """The callers that the policy names."""
    return Callers(wire, passage, session_tokens)


@pytest.fixture
def organization(callers: Callers, keys: Keys, redactor: Redactor) -> Organization:
    """Tenant A's organization."""
    return Organization(callers, keys, redactor)
