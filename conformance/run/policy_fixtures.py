"""What checks of a policy ask for by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.channels.http.identities import Callers

if TYPE_CHECKING:
    from conformance.channels.http.session_tokens import SessionTokens
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage


@pytest.fixture
def callers(wire: Wire, passage: Passage, session_tokens: SessionTokens) -> Callers:
    """The callers that the policy names."""
    return Callers(wire, passage, session_tokens)
