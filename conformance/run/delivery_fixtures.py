"""What checks of delivery to tools ask for by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.channels.http.downstream import Downstream
from conformance.profile.target import supplied

if TYPE_CHECKING:
    from conformance.profile.target import Target


@pytest.fixture
def downstream(target: Target) -> Downstream:
    """The judge's API that tools call."""
    return Downstream(supplied(target.world.downstream))
