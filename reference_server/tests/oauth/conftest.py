"""An authorization server around a real database, asked without a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reference_server.tests.oauth.browsing import Line, Somebody
from reference_server.tests.rows import add_tenant

if TYPE_CHECKING:
    from sqlalchemy import Engine


@pytest.fixture
def line(owner_engine: Engine, app_engine: Engine) -> Line:
    """A line to an authorization server, and somebody who is signed in there."""
    return Line(app_engine, Somebody(add_tenant(owner_engine)))
