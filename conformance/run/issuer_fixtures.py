"""What checks of tokens and logins of the judge's issuer ask for by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.channels.http.issued import IssuedDesk
from conformance.channels.http.issuing import JudgesIssuer
from conformance.channels.http.logins import Logins
from conformance.profile.target import supplied

if TYPE_CHECKING:
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.profile.target import Target
    from conformance.text.redaction import Redactor


@pytest.fixture
def issuer(target: Target) -> JudgesIssuer:
    """The issuer that the judge plays."""
    return JudgesIssuer(supplied(target.world.issuer))


@pytest.fixture
def issued(wire: Wire, issuer: JudgesIssuer, redactor: Redactor, passage: Passage) -> IssuedDesk:
    """The target's door, and access tokens of the issuer."""
    return IssuedDesk(wire, issuer, redactor, passage)


@pytest.fixture
def logins(wire: Wire, issuer: JudgesIssuer, redactor: Redactor, passage: Passage) -> Logins:
    """Browsers that log in to the target by way of the issuer."""
    return Logins(wire, issuer, redactor, passage)
