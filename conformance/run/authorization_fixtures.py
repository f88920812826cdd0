"""What checks of a target's authorization ask for by name."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from conformance.channels.oauth.elsewhere import Elsewhere
from conformance.channels.oauth.metadata import Metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.wire import Wire


@pytest.fixture
def elsewhere(wire: Wire) -> Iterator[Elsewhere]:
    """A line to whatever origin metadata name."""
    with closing(Elsewhere(wire)) as line:
        yield line


@pytest.fixture
def metadata(wire: Wire, elsewhere: Elsewhere) -> Metadata:
    """What the target tells of its authorization."""
    return Metadata(wire, elsewhere)
