"""What a target hands out is a secret from then on, unless it is too long to be searched for."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from conformance.channels.http.admin import Administrator
from conformance.channels.http.answer import Answer, Transport
from conformance.channels.http.oauth import Flows
from conformance.profile.fields import Fields
from conformance.profile.oauth import OAuth
from conformance.text.learned import LONGEST_SECRET
from conformance.text.redaction import Redactor
from conformance.verdicts import NotEstablishedError

SECRET = "".join(f"{number:04x}" for number in range(LONGEST_SECRET))
ROUTES = OAuth.model_validate(
    {"start": "/{platform}/start", "finish": "/{platform}/finish", "platforms": ("one", "two")}
)


def minted(redactor: Redactor, secret: str) -> str:
    """Take a key from the answer to a rotation."""
    answer: Any = SimpleNamespace(status=200, entries={"apiKey": secret})
    wire: Any = Mock()
    target: Any = SimpleNamespace(fields=Fields())
    return Administrator(wire, target, redactor).key_of(answer)


def begun(redactor: Redactor, secret: str) -> str:
    """Take a state from the answer that begins a flow."""
    told = {ROUTES.state_field: secret, ROUTES.challenge_field: "c", ROUTES.method_field: "S256"}
    answer = Answer(Transport.ANSWERED, 200, body=json.dumps(told).encode())
    wire: Any = Mock()
    wire.target.oauth, wire.send.return_value = ROUTES, answer
    return Flows(wire, redactor).start("key").state


@pytest.mark.parametrize("take", [minted, begun])
def test_what_is_too_long_to_be_a_secret_is_not_taken_for_one(take: Any) -> None:
    redactor = Redactor({})
    with pytest.raises(NotEstablishedError, match=r"at most 4096 characters \(this one has 4097\)"):
        take(redactor, SECRET[: LONGEST_SECRET + 1])
    # Its start gives most of it away.
    assert SECRET[:40] not in redactor(f"seen: {SECRET[:LONGEST_SECRET]}")


@pytest.mark.parametrize("take", [minted, begun])
def test_what_is_as_long_as_a_secret_may_be_is_one(take: Any) -> None:
    redactor, longest = Redactor({}), SECRET[:LONGEST_SECRET]
    assert take(redactor, longest) == longest
    assert SECRET[:40] not in redactor(f"seen: {longest}")


def test_a_key_is_redacted_though_no_check_takes_it() -> None:
    redactor, wire = Redactor({}), Mock()
    target: Any = SimpleNamespace(
        fields=Fields(), tenants=None, routes=SimpleNamespace(rotate_key="/rotate"), admin=None
    )
    wire.post_admin.return_value = Answer(
        Transport.ANSWERED, 201, body=json.dumps({"apiKey": SECRET[:40]}).encode()
    )
    Administrator(wire, target, redactor).attempt("a token")
    assert SECRET[:40] not in redactor(f"seen: {SECRET[:40]}")
