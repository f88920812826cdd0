"""What checks of mail ask for by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.channels.http.mailbox import Mailbox
from conformance.channels.http.mailing import Post
from conformance.profile.target import supplied

if TYPE_CHECKING:
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.profile.target import Target


@pytest.fixture
def post(wire: Wire, target: Target, passage: Passage) -> Post:
    """Sends mail through the target, and knows what came of it."""
    return Post(wire, supplied(target.tools.mail), Mailbox(supplied(target.world.mail)), passage)
